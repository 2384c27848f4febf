/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test is the message bus, byte by byte where needed. tests/libvirt/auth.py and attacks.py use a real one. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sockets.h"
#include "remote/bus.h"

#define TIMEOUT (5 * G_TIME_SPAN_SECOND)
#define LONGEST (127u * 1024 * 1024) /* the announced length of a signal, not all of which is sent */
#define BODY 200000u                 /* length of a signal that is sent completely */

typedef struct {
    RpcPoll *poll;
    RemoteBus *bus;
    int fd;        /* the bus's end of the connection */
    guint answers; /* calls of answered() */
    char *answer;  /* the text or error of the last one */
    gboolean is_closed;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
    fixture->poll = rpc_poll_new(NULL, NULL);
    fixture->fd = fds[0];
    fixture->bus = remote_bus_new_for_fd(fixture->poll, fds[1]);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    remote_bus_unref(fixture->bus);
    rpc_poll_free(fixture->poll);
    g_free(fixture->answer);
    close(fixture->fd);
}

static void turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void send_bytes(Fixture *fixture, const void *bytes, gsize length)
{
    const guint8 *at = bytes;
    gint64 until = g_get_monotonic_time() + TIMEOUT;

    while (length > 0 && g_get_monotonic_time() < until) {
        ssize_t n = send(fixture->fd, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            at += n;
            length -= (gsize)n;
        }
        turn();
    }
    g_assert_cmpuint(length, ==, 0);
}

static GByteArray *receive(Fixture *fixture)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gint64 until = g_get_monotonic_time() + TIMEOUT;
    guint8 buffer[4096];
    ssize_t n = -1;

    while (n <= 0 && g_get_monotonic_time() < until) {
        turn();
        n = recv(fixture->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    }
    g_assert_cmpint(n, >, 0);
    return g_byte_array_append(g_steal_pointer(&bytes), buffer, (guint)n);
}

/* Returns the next call in bytes. */
static GDBusMessage *next_call(GByteArray *bytes)
{
    gssize length = g_dbus_message_bytes_needed(bytes->data, bytes->len, NULL);
    GDBusMessage *message = g_dbus_message_new_from_blob(bytes->data, (gsize)length, 0, NULL);

    g_assert_nonnull(message);
    g_byte_array_remove_range(bytes, 0, (guint)length);
    return message;
}

static void send_message(Fixture *fixture, GDBusMessage *message, gsize piece)
{
    gsize length;
    g_autofree guchar *bytes = NULL;

    g_dbus_message_set_serial(message, 77);
    bytes = g_dbus_message_to_blob(message, &length, 0, NULL);
    for (gsize at = 0; at < length; at += piece)
        send_bytes(fixture, bytes + at, MIN(piece, length - at));
}

static void reply(Fixture *fixture, GDBusMessage *call, const char *text, gsize piece)
{
    g_autoptr(GDBusMessage) message = g_dbus_message_new_method_reply(call);

    g_dbus_message_set_body(message, g_variant_new("(s)", text));
    send_message(fixture, message, piece);
}

static void answered(GVariant *body, const GError *error, gpointer data)
{
    Fixture *fixture = data;

    fixture->answers++;
    fixture->is_closed = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED);
    g_free(fixture->answer);
    fixture->answer = NULL;
    if (body)
        g_variant_get(body, "(s)", &fixture->answer);
    else
        fixture->answer = g_strdup(error->message);
}

static void call(Fixture *fixture)
{
    static const RemoteBusMethod method = { "a.name", "/path", "an.interface", "Method" };

    remote_bus_call(fixture->bus, &method, g_variant_new("(s)", "question"), answered, fixture);
}

/* The bus accepts the connection; Hello and a call that waited for that arrive. Returns that call. */
static GDBusMessage *let_in(Fixture *fixture)
{
    static const char auth[] = "\0AUTH EXTERNAL 3";
    g_autoptr(GByteArray) bytes = receive(fixture);
    g_autoptr(GDBusMessage) hello = NULL;

    g_assert_cmpuint(bytes->len, >=, sizeof(auth) - 1);
    g_assert_cmpmem(bytes->data, sizeof(auth) - 1, auth, sizeof(auth) - 1);
    call(fixture);
    send_bytes(fixture, "OK 0123456789abcdef\r", 20);
    send_bytes(fixture, "\n", 1);
    g_clear_pointer(&bytes, g_byte_array_unref);
    bytes = receive(fixture);
    g_assert_cmpmem(bytes->data, 7, "BEGIN\r\n", 7);
    g_byte_array_remove_range(bytes, 0, 7);
    if (bytes->len == 0) {
        g_byte_array_unref(bytes);
        bytes = receive(fixture);
    }
    hello = next_call(bytes);
    g_assert_cmpstr(g_dbus_message_get_member(hello), ==, "Hello");
    reply(fixture, hello, ":1.1", G_MAXINT);
    return next_call(bytes);
}

static void calls(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDBusMessage) first = let_in(fixture);

    g_assert_cmpstr(g_dbus_message_get_member(first), ==, "Method");
    reply(fixture, first, "an answer", (gsize)GPOINTER_TO_INT(data));
    reply(fixture, first, "once more", G_MAXINT); /* there is no call left for this reply */
    turn();
    g_assert_cmpuint(fixture->answers, ==, 1);
    g_assert_cmpstr(fixture->answer, ==, "an answer");
}

static void error_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GDBusMessage) first = let_in(fixture);
    g_autoptr(GDBusMessage) message =
        g_dbus_message_new_method_error_literal(first, "org.freedesktop.DBus.Error.NoReply", "it ended");

    send_message(fixture, message, G_MAXINT);
    g_assert_cmpstr(fixture->answer, ==, "it ended");
    g_assert_false(fixture->is_closed);
}

/* A signal and a call are ignored, and later messages are understood. */
static void others(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDBusMessage) first = let_in(fixture);
    g_autoptr(GDBusMessage) signal = g_dbus_message_new_signal("/path", "an.interface", "Signal");
    g_autoptr(GDBusMessage) method = g_dbus_message_new_method_call(":1.1", "/path", "an.interface", "Method");
    g_autofree char *text = g_strnfill(BODY, 'x');

    g_dbus_message_set_body(signal, g_variant_new("(s)", text));
    send_message(fixture, signal, (gsize)GPOINTER_TO_INT(data));
    send_message(fixture, method, G_MAXINT);
    reply(fixture, first, "an answer", G_MAXINT);
    g_assert_cmpstr(fixture->answer, ==, "an answer");
}

/* A reply that is longer than any of polkit's is ignored, too: its call gets no answer. */
static void long_reply(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const guint32 head[] = { GUINT32_TO_LE(0x01000000 | G_DBUS_MESSAGE_TYPE_METHOD_RETURN << 8 | 'l'),
                             GUINT32_TO_LE(LONGEST), GUINT32_TO_LE(1), 0 };
    g_autoptr(GDBusMessage) first = let_in(fixture);

    send_bytes(fixture, head, sizeof(head));
    reply(fixture, first, "within that", G_MAXINT);
    g_assert_cmpuint(fixture->answers, ==, 0);
    g_assert_false(remote_bus_is_closed(fixture->bus));
    shutdown(fixture->fd, SHUT_RDWR);
    turn();
    g_assert_true(fixture->is_closed);
}

static void nonsense(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDBusMessage) first = let_in(fixture);

    send_bytes(fixture, data, 16);
    turn();
    g_assert_true(remote_bus_is_closed(fixture->bus));
    g_assert_true(fixture->is_closed);
    g_assert_cmpuint(fixture->answers, ==, 1);
}

static void rejected(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) bytes = receive(fixture);

    call(fixture);
    send_bytes(fixture, data, strlen(data));
    turn();
    g_assert_true(remote_bus_is_closed(fixture->bus));
    g_assert_true(fixture->is_closed);
}

int main(int argc, char **argv)
{
    g_autofree char *long_line = g_strnfill(1000, 'x');

    g_test_init(&argc, &argv, NULL);
#define ADD(name, data, func) g_test_add("/remote/bus/" name, Fixture, data, set_up, func, tear_down)
    ADD("calls", GINT_TO_POINTER(G_MAXINT), calls);
    ADD("calls-in-bytes", GINT_TO_POINTER(1), calls);
    ADD("error", NULL, error_reply);
    ADD("others", GINT_TO_POINTER(G_MAXINT), others);
    ADD("others-in-pieces", GINT_TO_POINTER(13), others);
    ADD("long-reply", NULL, long_reply);
    ADD("no-byte-order", "no byte order.. ", nonsense);
    ADD("bad-reply", "l\2\0\1\0\0\0\0\1\0\0\0\0\0\0\0", nonsense);
    ADD("rejected", "REJECTED EXTERNAL\r\n", rejected);
    ADD("long-line", long_line, rejected);
    return g_test_run();
}
