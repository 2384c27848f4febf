/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peers.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sockets.h"
#include "css/host.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define PATIENCE (5 * G_TIME_SPAN_SECOND)

/* Workers of the kinds that do not wait for the host are waited for. */
static gboolean is_at_work(const Peers *peers)
{
    return !ccw_workers_are_idle(peers->services.workers, CCW_WORK_PARSE) ||
           !ccw_workers_are_idle(peers->services.workers, CCW_WORK_LOOK_UP);
}

void peers_turn(Peers *peers)
{
    while (g_main_context_iteration(NULL, FALSE) || is_at_work(peers))
        ;
}

static void on_ended(CcwConnection *connection, gpointer data)
{
    Peers *peers = data;

    g_assert_true(connection == peers->connection);
    peers->connection = NULL;
}

static void on_changed(gpointer data)
{
    ((Peers *)data)->changed++;
}

void peers_set_up(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    peers_set_up_as(peers, NULL);
}

void peers_set_up_as(Peers *peers, CcwPeer *peer)
{
    int client[2], backend[2];

    g_free(host_take_log());
    host_take_lookups();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, client), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, backend), ==, 0);
    peers->poll = ccw_poll_new(NULL, NULL);
    peers->services = (CcwServices){
        .poll = peers->poll,
        .workers = ccw_workers_new(NULL, NULL),
        .manager = ccw_manager_new(ccw_host_new("/", "/", "/")),
        .host = ccw_host_new("/", "/", "/"),
        .changed = on_changed,
        .start_failed = on_changed,
        .changed_data = peers,
    };
    peers->client = client[0];
    peers->backend = backend[0];
    peers->connection = ccw_connection_new(&peers->services, client[1], backend[1], peer, on_ended, peers);
    ccw_connection_start(peers->connection, peers->user);
}

void peers_hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void peers_wait_ended(Peers *peers)
{
    gint64 until = g_get_monotonic_time() + PATIENCE;

    while (peers->connection && g_get_monotonic_time() < until)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(100);
    g_assert_null(peers->connection);
}

void peers_tear_down(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    host_hold_claims(FALSE);
    host_hold_lookups(FALSE);
    host_detach_many(0);
    host_fail_claim(CCW_ERROR_BUSY, NULL);
    host_fail_modules(NULL);
    peers_hang_up(&peers->client);
    peers_hang_up(&peers->backend);
    peers_wait_ended(peers);
    g_assert_false(host_is_announced());
    ccw_workers_free(peers->services.workers);
    ccw_manager_free(peers->services.manager);
    ccw_poll_free(peers->poll);
    g_free(host_take_log());
}

#define PARSERS 8u /* as many worker threads parse at most */

static GMutex parsers_lock;
static GCond parsers_cond;
static gboolean are_parsers_held;

static void hold_work(gpointer data G_GNUC_UNUSED)
{
    g_mutex_lock(&parsers_lock);
    while (are_parsers_held)
        g_cond_wait(&parsers_cond, &parsers_lock);
    g_mutex_unlock(&parsers_lock);
}

static void do_nothing(gpointer data G_GNUC_UNUSED)
{
}

void peers_hold_parsers(Peers *peers, gboolean hold)
{
    g_mutex_lock(&parsers_lock);
    are_parsers_held = hold;
    g_cond_broadcast(&parsers_cond);
    g_mutex_unlock(&parsers_lock);
    for (guint i = 0; hold && i < PARSERS; i++)
        ccw_workers_push(peers->services.workers, CCW_WORK_PARSE, 0, peers->connection, hold_work, do_nothing, NULL);
}

void frame_clear(Frame *frame)
{
    g_clear_pointer(&frame->payload, g_byte_array_unref);
}

void peers_send(Peers *peers G_GNUC_UNUSED, int fd, guint32 type, gint32 procedure, guint32 serial, guint32 status,
                const GByteArray *payload)
{
    const CcwHeader header = {
        .program = CCW_PROGRAM_REMOTE,
        .version = 1,
        .procedure = procedure,
        .serial = serial,
        .status = status,
    };
    g_autoptr(GByteArray) frame = ccw_frame_new(&header, payload ? payload->data : NULL, payload ? payload->len : 0);

    ccw_store_be32(frame->data + 16, type); /* payload has the count of descriptors already, where there is one */
    g_assert_cmpint(send(fd, frame->data, frame->len, MSG_NOSIGNAL), ==, frame->len);
}

void peers_send_all(Peers *peers, int fd, const GByteArray *bytes)
{
    gint64 until = g_get_monotonic_time() + PATIENCE;
    gsize sent = 0;

    while (sent < bytes->len) {
        ssize_t n = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += n > 0 ? (gsize)n : 0;
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        peers_turn(peers);
    }
}

gboolean peers_send_fd(int to, int fd)
{
    return socket_send_fd(to, "", 1, fd);
}

int peers_receive_fd(int from)
{
    char byte;
    int fd;

    g_assert_cmpint(socket_receive_fd(from, &byte, 1, &fd), ==, 1);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void receive(int fd, guint8 *bytes, gsize length)
{
    while (length) {
        ssize_t n = socket_await(fd, bytes, length);

        g_assert_cmpint(n, >, 0); /* else it hung up */
        bytes += n;
        length -= (gsize)n;
    }
}

Frame peers_receive(Peers *peers G_GNUC_UNUSED, int fd)
{
    Frame frame = { .payload = g_byte_array_new() };
    guint8 head[CCW_FRAME_HEAD];

    receive(fd, head, sizeof(head));
    g_assert_true(ccw_header_decode(head, &frame.header, NULL));
    g_byte_array_set_size(frame.payload, frame.header.length - CCW_FRAME_HEAD);
    receive(fd, frame.payload->data, frame.payload->len);
    return frame;
}

void peers_assert_quiet(Peers *peers, int fd)
{
    guint8 byte;

    peers_turn(peers);
    g_assert_cmpint(recv(fd, &byte, 1, MSG_PEEK), ==, -1);
}

static void write_domain(GByteArray *out)
{
    static const guint8 uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

    ccw_xdr_write_string(out, "guest", 5);
    g_byte_array_append(out, uuid, sizeof(uuid));
    ccw_xdr_write_u32(out, 3);
}

GByteArray *payload_attach(const char *xml, guint32 flags)
{
    GByteArray *out = g_byte_array_new();

    write_domain(out);
    ccw_xdr_write_string(out, xml, strlen(xml));
    ccw_xdr_write_u32(out, flags);
    return out;
}

GByteArray *payload_string(const char *text)
{
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_string(out, text, strlen(text));
    return out;
}

GByteArray *payload_error(gint32 code, const char *message)
{
    const CcwHeader call = { 0 };
    GByteArray *frame = ccw_rpc_error_reply(&call, code, 10, message);

    return g_byte_array_remove_range(frame, 0, CCW_FRAME_HEAD);
}

static char *read_string(CcwXdrReader *reader)
{
    gsize length = 0;
    const char *text = ccw_xdr_read_string(reader, &length);

    g_assert_nonnull(text);
    return g_strndup(text, length);
}

char *payload_read_string(const Frame *frame)
{
    CcwXdrReader reader;

    ccw_xdr_reader_init(&reader, frame->payload->data, frame->payload->len);
    return read_string(&reader);
}

char *payload_read_attach_xml(const Frame *frame)
{
    CcwXdrReader reader;

    ccw_xdr_reader_init(&reader, frame->payload->data, frame->payload->len);
    g_free(read_string(&reader));
    ccw_xdr_read_fixed(&reader, 16);
    ccw_xdr_read_u32(&reader);
    return read_string(&reader);
}

char *payload_read_error(const Frame *frame, gint32 *ret_code)
{
    CcwRpcError error;
    char *message;

    g_assert_cmpuint(frame->header.status, ==, CCW_STATUS_ERROR);
    g_assert_true(ccw_rpc_error_decode(&error, frame->payload->data, frame->payload->len));
    *ret_code = error.code;
    message = g_strdup(error.message);
    ccw_rpc_error_clear(&error);
    return message;
}

void peers_expect_error(Peers *peers, guint32 serial, gint32 procedure, gint32 code, const char *words)
{
    g_auto(Frame) reply = peers_receive(peers, peers->client);
    g_autofree char *message = NULL;
    gint32 got;

    g_assert_cmpint(reply.header.procedure, ==, procedure);
    g_assert_cmpuint(reply.header.serial, ==, serial);
    message = payload_read_error(&reply, &got);
    g_assert_cmpint(got, ==, code);
    g_test_message("%s", message);
    g_assert_nonnull(strstr(message, words));
    g_assert_null(strstr(message, "cc390000-")); /* the encoded UUID is nothing for users */
}
