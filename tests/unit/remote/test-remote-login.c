/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes that a client gets before its login is complete, with a missing polkit, and with one that the test plays.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../main-loop.h"
#include "../sockets.h"
#include "procedures.h"
#include "remote/login.h"
#include "remote/polkit.h"
#include "rpc/rpc-error.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define STILL_THERE -2

#define BUS_ADDRESS "DBUS_SYSTEM_BUS_ADDRESS"
#define BUS_PREFIX "unix:path="

typedef struct {
    RpcPoll *poll;
    RemoteLogin *login;
    int client;
    int served; /* the argument of ended() */
} Fixture;

static void ended(RemoteLogin *login, int fd, RemoteClientProcess *process, gpointer data)
{
    Fixture *fixture = data;

    g_assert_true(login == fixture->login);
    fixture->login = NULL;
    fixture->served = fd;
    remote_client_process_free(process);
}

/* data: the user's number */
static void set_up(Fixture *fixture, gconstpointer data)
{
    RemoteClientProcess *process = g_new0(RemoteClientProcess, 1);
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
    process->pid = getpid();
    process->uid = (uid_t)GPOINTER_TO_INT(data);
    fixture->poll = rpc_poll_new(NULL, NULL);
    fixture->client = fds[0];
    fixture->served = STILL_THERE;
    fixture->login = remote_login_new(fixture->poll, NULL, fds[1], process, FALSE, ended, fixture);
}

static gboolean has_ended(gpointer data)
{
    return !((Fixture *)data)->login;
}

static void wait_ended(Fixture *fixture)
{
    main_loop_wait(has_ended, fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    if (fixture->client >= 0)
        close(fixture->client);
    wait_ended(fixture);
    if (fixture->served >= 0)
        close(fixture->served);
    rpc_poll_free(fixture->poll);
}

static GByteArray *call(guint32 program, gint32 procedure, guint32 type, gsize payload)
{
    const RpcHeader header = { .program = program, .version = 1, .procedure = procedure, .type = type, .serial = 7 };
    g_autofree guint8 *zeros = g_malloc0(payload + 1);

    return rpc_frame_new(&header, zeros, payload);
}

static void send_pieces(Fixture *fixture, const GByteArray *frame, gsize piece)
{
    for (gsize at = 0; at < frame->len; at += piece) {
        gsize length = MIN(piece, frame->len - at);

        g_assert_cmpint(send(fixture->client, frame->data + at, length, MSG_NOSIGNAL), ==, length);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
}

static GByteArray *receive(Fixture *fixture, RpcHeader *ret_header)
{
    guint8 bytes[4096];
    ssize_t n = socket_await(fixture->client, bytes, sizeof(bytes));

    g_assert_cmpint(n, >=, RPC_FRAME_HEAD);
    g_assert_true(rpc_header_decode(bytes, ret_header, NULL));
    g_assert_cmpuint(ret_header->length, ==, n);
    g_assert_cmpuint(ret_header->serial, ==, 7);
    return g_byte_array_append(g_byte_array_new(), bytes + RPC_FRAME_HEAD, (guint)(n - RPC_FRAME_HEAD));
}

static void expect_types(Fixture *fixture, guint32 type)
{
    RpcHeader header;
    g_autoptr(GByteArray) payload = receive(fixture, &header);

    g_assert_cmpuint(header.status, ==, RPC_STATUS_OK);
    g_assert_cmpuint(payload->len, ==, 8);
    g_assert_cmpuint(ccw_load_be32(payload->data), ==, 1);
    g_assert_cmpuint(ccw_load_be32(payload->data + 4), ==, type);
}

static void expect_error(Fixture *fixture, gint32 code, const char *words)
{
    RpcHeader header;
    g_autoptr(GByteArray) payload = receive(fixture, &header);
    RpcError error;

    g_assert_cmpuint(header.status, ==, RPC_STATUS_ERROR);
    g_assert_true(rpc_error_decode(&error, payload->data, payload->len));
    g_assert_cmpint(error.code, ==, code);
    g_assert_nonnull(strstr(error.message, words));
    rpc_error_clear(&error);
}

static void user(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        guint32 program;
        gint32 procedure;
        gint32 code; /* 0: the reply to AUTH_LIST */
        const char *words;
    } rows[] = {
        { RPC_PROGRAM_REMOTE, OPEN, VIR_ERR_RPC, "authentication required" },
        { RPC_PROGRAM_REMOTE, AUTH_LIST, 0, NULL },
        { RPC_PROGRAM_REMOTE, AUTH_SASL_INIT, VIR_ERR_AUTH_FAILED, "authentication failed" },
        { RPC_PROGRAM_REMOTE, SET_IDENTITY, VIR_ERR_RPC, "authentication required" },
        { RPC_PROGRAM_QEMU, AUTH_LIST, VIR_ERR_RPC, "authentication required" },
        { RPC_PROGRAM_REMOTE, AUTH_POLKIT, VIR_ERR_AUTH_FAILED, "polkit cannot be asked" },
        { RPC_PROGRAM_REMOTE, AUTH_LIST, 0, NULL },
    };
    static const gsize pieces[] = { 1, 5, 100000 };

    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(rows); j++) {
            g_autoptr(GByteArray) frame = call(rows[j].program, rows[j].procedure, RPC_TYPE_CALL, i * 5000);

            send_pieces(fixture, frame, pieces[i]);
            if (rows[j].code)
                expect_error(fixture, rows[j].code, rows[j].words);
            else
                expect_types(fixture, 2);
        }
    }
    g_assert_nonnull(fixture->login);
}

/* Messages that are not calls get no answer. */
static void no_call(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) message = call(RPC_PROGRAM_KEEPALIVE, 1, RPC_TYPE_MESSAGE, 0);
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, AUTH_LIST, RPC_TYPE_CALL, 0);

    send_pieces(fixture, message, message->len);
    send_pieces(fixture, frame, frame->len);
    expect_types(fixture, 2);
}

static void broken(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, OPEN, RPC_TYPE_CALL_WITH_FDS, 4);

    send_pieces(fixture, frame, frame->len);
    wait_ended(fixture);
    g_assert_cmpint(fixture->served, ==, -1);
}

static void too_long(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, OPEN, RPC_TYPE_CALL, 0);

    ccw_store_be32(frame->data, RPC_FRAME_MAX + 1);
    send_pieces(fixture, frame, frame->len);
    wait_ended(fixture);
    g_assert_cmpint(fixture->served, ==, -1);
}

/* The client leaves while polkit is asked, and the server stops and closes the connection then. */
static void gone_meanwhile(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, AUTH_POLKIT, RPC_TYPE_CALL, 0);

    g_assert_cmpint(send(fixture->client, frame->data, frame->len, MSG_NOSIGNAL), ==, frame->len);
    g_main_context_iteration(NULL, TRUE);
    if (GPOINTER_TO_INT(data) == 1000) {
        close(fixture->client);
        fixture->client = -1;
    } else if (fixture->login) {
        remote_login_close(fixture->login);
    }
    wait_ended(fixture);
    g_assert_cmpint(fixture->served, ==, -1);
}

/* A login may take 60 s, and polkit may ask its user for 600 s. The margin is for a slow machine. */
#define SHORT_OF_LOGIN (55 * G_TIME_SPAN_SECOND)
#define SHORT_OF_PROMPT (595 * G_TIME_SPAN_SECOND)
#define REST (5 * G_TIME_SPAN_SECOND)

static void turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void expect_timeout(Fixture *fixture)
{
    turn();
    g_assert_nonnull(fixture->login);
    remote_login_pass_time(fixture->login, REST);
    wait_ended(fixture);
    g_assert_cmpint(fixture->served, ==, -1);
}

static void takes_too_long(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    remote_login_pass_time(fixture->login, SHORT_OF_LOGIN);
    expect_timeout(fixture);
}

/* All attempts of one login have that time together. */
static void tries_too_long(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, AUTH_POLKIT, RPC_TYPE_CALL, 0);

    for (gint64 passed = 0; passed < SHORT_OF_LOGIN; passed += REST) {
        remote_login_pass_time(fixture->login, REST);
        turn();
        g_assert_nonnull(fixture->login);
        send_pieces(fixture, frame, frame->len);
        expect_error(fixture, VIR_ERR_AUTH_FAILED, "polkit cannot be asked");
    }
    expect_timeout(fixture);
}

/* The message bus with a polkit that asks its user until the check is cancelled. */
typedef struct {
    GDBusServer *server;
    GDBusConnection *connection;  /* virtccwd's connection */
    GDBusMethodInvocation *check; /* the first check, which has no answer yet; the others are answered at once */
    gboolean is_asked;
    gboolean is_cancelled;
} Bus;

#define BUS_XML                                                                                                        \
    "<node><interface name='org.freedesktop.DBus'><method name='Hello'><arg type='s' direction='out'/></method>"       \
    "</interface><interface name='org.freedesktop.PolicyKit1.Authority'>"                                              \
    "<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"            \
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"                   \
    "<arg type='(bba{ss})' direction='out'/></method>"                                                                 \
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method></interface></node>"

static void on_bus_call(GDBusConnection *connection G_GNUC_UNUSED, const gchar *sender G_GNUC_UNUSED,
                        const gchar *path G_GNUC_UNUSED, const gchar *interface G_GNUC_UNUSED, const gchar *method,
                        GVariant *arguments G_GNUC_UNUSED, GDBusMethodInvocation *invocation, gpointer data)
{
    Bus *bus = data;

    if (g_str_equal(method, "Hello")) {
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", ":1.1"));
    } else if (g_str_equal(method, "CheckAuthorization") && !bus->is_asked) {
        bus->check = invocation;
        bus->is_asked = TRUE;
    } else if (g_str_equal(method, "CheckAuthorization")) {
        g_dbus_method_invocation_return_value(invocation, g_variant_new("((bba{ss}))", TRUE, FALSE, NULL));
    } else {
        bus->is_cancelled = TRUE;
        g_dbus_method_invocation_return_value(invocation, NULL);
    }
}

static gboolean on_bus_connection(GDBusServer *server G_GNUC_UNUSED, GDBusConnection *connection, gpointer data)
{
    static const GDBusInterfaceVTable calls = { .method_call = on_bus_call };
    static const char *const paths[] = { "/org/freedesktop/DBus", "/org/freedesktop/PolicyKit1/Authority" };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(BUS_XML, NULL);
    Bus *bus = data;

    g_assert_null(bus->connection);
    bus->connection = g_object_ref(connection);
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        g_assert_cmpuint(
            g_dbus_connection_register_object(connection, paths[i], node->interfaces[i], &calls, bus, NULL, NULL), >,
            0);
    return TRUE;
}

static void bus_start(Bus *bus)
{
    g_autofree char *guid = g_dbus_generate_guid();
    g_autoptr(GError) error = NULL;

    bus->server = g_dbus_server_new_sync(g_getenv(BUS_ADDRESS), G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);
    g_assert_no_error(error);
    g_signal_connect(bus->server, "new-connection", G_CALLBACK(on_bus_connection), bus);
    g_dbus_server_start(bus->server);
}

static void bus_stop(Bus *bus)
{
    g_dbus_connection_close_sync(bus->connection, NULL, NULL);
    g_dbus_server_stop(bus->server);
    g_object_unref(bus->connection);
    g_object_unref(bus->server);
    g_unlink(g_getenv(BUS_ADDRESS) + strlen(BUS_PREFIX));
}

static void on_answer(RemotePolkitAnswer answer G_GNUC_UNUSED, const char *why G_GNUC_UNUSED, gpointer data)
{
    *(gboolean *)data = TRUE;
}

/* Asks polkit on the same connection: virtccwd's earlier messages have arrived then, or the connection has ended. */
static void wait_bus(Fixture *fixture)
{
    const RemoteClientProcess process = { .pid = getpid(), .uid = 1000 };
    g_autoptr(GCancellable) never = g_cancellable_new();
    gboolean is_answered = FALSE;

    remote_polkit_check(fixture->poll, &process, REMOTE_POLKIT_MANAGE, never, on_answer, &is_answered);
    main_loop_wait_flag(&is_answered);
}

/* While polkit asks its user, only the longer time counts. */
static void asks_too_long(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, AUTH_POLKIT, RPC_TYPE_CALL, 0);
    Bus bus = { 0 };

    bus_start(&bus);
    remote_login_pass_time(fixture->login, SHORT_OF_LOGIN);
    send_pieces(fixture, frame, frame->len);
    main_loop_wait_flag(&bus.is_asked);
    remote_login_pass_time(fixture->login, SHORT_OF_PROMPT);
    turn();
    wait_bus(fixture);
    g_assert_false(bus.is_cancelled);
    remote_login_pass_time(fixture->login, REST);
    main_loop_wait_flag(&bus.is_cancelled);
    g_dbus_method_invocation_return_dbus_error(bus.check, "org.freedesktop.PolicyKit1.Error.Cancelled", "cancelled");
    wait_ended(fixture);
    g_assert_cmpint(fixture->served, ==, -1);
    bus_stop(&bus);
    wait_bus(fixture); /* the connection must end before its poll */
}

/* The time in which polkit asked its user does not count for the login, but the time before it does. */
static void asks_and_takes_too_long(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = call(RPC_PROGRAM_REMOTE, AUTH_POLKIT, RPC_TYPE_CALL, 0);
    Bus bus = { 0 };

    bus_start(&bus);
    remote_login_pass_time(fixture->login, SHORT_OF_LOGIN);
    send_pieces(fixture, frame, frame->len);
    main_loop_wait_flag(&bus.is_asked);
    remote_login_pass_time(fixture->login, SHORT_OF_PROMPT);
    g_dbus_method_invocation_return_value(bus.check, g_variant_new("((bba{ss}))", FALSE, FALSE, NULL));
    expect_error(fixture, VIR_ERR_AUTH_FAILED, "access denied by policy");
    expect_timeout(fixture);
    bus_stop(&bus);
    wait_bus(fixture);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("ccw-login-XXXXXX", NULL);
    g_autofree char *address = g_strconcat(BUS_PREFIX, folder, "/bus", NULL);
    int result;

    g_setenv(BUS_ADDRESS, address, TRUE); /* the address has a bus only between bus_start() and bus_stop() */
    g_test_init(&argc, &argv, NULL);
#define ADD(name, uid, func) g_test_add("/remote/login/" name, Fixture, GINT_TO_POINTER(uid), set_up, func, tear_down)
    ADD("user", 1000, user);
    ADD("no-call", 1000, no_call);
    ADD("broken", 1000, broken);
    ADD("too-long", 1000, too_long);
    ADD("gone-meanwhile", 1000, gone_meanwhile);
    ADD("closed-meanwhile", 1001, gone_meanwhile);
    ADD("takes-too-long", 1000, takes_too_long);
    ADD("tries-too-long", 1000, tries_too_long);
    ADD("asks-too-long", 1000, asks_too_long);
    ADD("asks-and-takes-too-long", 1000, asks_and_takes_too_long);
    result = g_test_run();
    g_rmdir(folder);
    return result;
}
