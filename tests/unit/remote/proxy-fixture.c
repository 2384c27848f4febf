/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proxy-fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../main-loop.h"
#include "../sockets.h"
#include "css/host.h"
#include "remote/relay.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define TIMEOUT (5 * G_TIME_SPAN_SECOND)

/* Waits for workers of the kinds that do not wait for the host. */
static gboolean is_at_work(const Proxy *proxy)
{
    return !remote_workers_are_idle(proxy->services.workers, REMOTE_WORK_PARSE) ||
           !remote_workers_are_idle(proxy->services.workers, REMOTE_WORK_LOOK_UP);
}

void proxy_turn(Proxy *proxy)
{
    while (g_main_context_iteration(NULL, FALSE) || is_at_work(proxy))
        ;
}

static void on_ended(RemoteConnection *connection, gpointer data)
{
    Proxy *proxy = data;

    g_assert_true(connection == proxy->connection);
    proxy->connection = NULL;
}

static void on_changed(gpointer data)
{
    ((Proxy *)data)->changed++;
}

void proxy_set_up(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    proxy_set_up_as(proxy, NULL);
}

void proxy_set_up_as(Proxy *proxy, RemoteClientProcess *process)
{
    int client[2], backend[2];

    g_free(host_take_log());
    host_take_lookups();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, client), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, backend), ==, 0);
    proxy->poll = rpc_poll_new(NULL, NULL);
    proxy->services = (RemoteServices){
        .poll = proxy->poll,
        .workers = remote_workers_new(NULL, NULL),
        .manager = hostdev_manager_new(css_host_new("/", "/", "/")),
        .host = css_host_new("/", "/", "/"),
        .changed = on_changed,
        .start_failed = on_changed,
        .changed_data = proxy,
    };
    proxy->client = client[0];
    proxy->backend = backend[0];
    proxy->connection =
        remote_connection_new(&proxy->services, &remote_relay_ops, client[1], backend[1], process, on_ended, proxy);
    remote_connection_start(proxy->connection, proxy->user);
}

void proxy_hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static gboolean has_ended(gpointer data)
{
    return !((Proxy *)data)->connection;
}

void proxy_wait_ended(Proxy *proxy)
{
    main_loop_wait(has_ended, proxy);
}

void proxy_tear_down(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    host_block_claims(FALSE);
    host_block_lookups(FALSE);
    host_detach_many(0);
    host_fail_claim(CCW_ERROR_BUSY, NULL);
    host_fail_modules(NULL);
    proxy_hang_up(&proxy->client);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    g_assert_false(host_is_announced());
    remote_workers_free(proxy->services.workers);
    hostdev_manager_unref(proxy->services.manager);
    rpc_poll_free(proxy->poll);
    g_free(host_take_log());
}

#define PARSERS 8u /* the maximum number of worker threads that parse */

static GMutex parsers_lock;
static GCond parsers_cond;
static gboolean are_parsers_blocked;

static void block_work(gpointer data G_GNUC_UNUSED)
{
    g_mutex_lock(&parsers_lock);
    while (are_parsers_blocked)
        g_cond_wait(&parsers_cond, &parsers_lock);
    g_mutex_unlock(&parsers_lock);
}

static void do_nothing(gpointer data G_GNUC_UNUSED)
{
}

void proxy_block_parsers(Proxy *proxy, gboolean block)
{
    g_mutex_lock(&parsers_lock);
    are_parsers_blocked = block;
    g_cond_broadcast(&parsers_cond);
    g_mutex_unlock(&parsers_lock);
    for (guint i = 0; block && i < PARSERS; i++)
        remote_workers_push(proxy->services.workers, REMOTE_WORK_PARSE, 0, proxy->connection, block_work, do_nothing,
                            NULL);
}

void frame_clear(Frame *frame)
{
    g_clear_pointer(&frame->payload, g_byte_array_unref);
}

void proxy_send(Proxy *proxy G_GNUC_UNUSED, int fd, guint32 type, gint32 procedure, guint32 serial, guint32 status,
                const GByteArray *payload)
{
    const RpcHeader header = {
        .program = RPC_PROGRAM_REMOTE,
        .version = 1,
        .procedure = procedure,
        .serial = serial,
        .status = status,
    };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload ? payload->data : NULL, payload ? payload->len : 0);

    /* If the type has descriptors, the payload begins with their count. */
    ccw_store_be32(frame->data + 16, type);
    g_assert_cmpint(send(fd, frame->data, frame->len, MSG_NOSIGNAL), ==, frame->len);
}

void proxy_send_all(Proxy *proxy, int fd, const GByteArray *bytes)
{
    gint64 until = g_get_monotonic_time() + TIMEOUT;
    gsize sent = 0;

    while (sent < bytes->len) {
        ssize_t n = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += n > 0 ? (gsize)n : 0;
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        proxy_turn(proxy);
    }
}

gboolean proxy_send_fd(int to, int fd)
{
    return socket_send_fd(to, "", 1, fd);
}

int proxy_receive_fd(int from)
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

        g_assert_cmpint(n, >, 0); /* 0: the connection was closed */
        bytes += n;
        length -= (gsize)n;
    }
}

Frame proxy_receive(Proxy *proxy G_GNUC_UNUSED, int fd)
{
    Frame frame = { .payload = g_byte_array_new() };
    guint8 head[RPC_FRAME_HEAD];

    receive(fd, head, sizeof(head));
    g_assert_true(rpc_header_decode(head, &frame.header, NULL));
    g_byte_array_set_size(frame.payload, frame.header.length - RPC_FRAME_HEAD);
    receive(fd, frame.payload->data, frame.payload->len);
    return frame;
}

void proxy_assert_quiet(Proxy *proxy, int fd)
{
    guint8 byte;

    proxy_turn(proxy);
    g_assert_cmpint(recv(fd, &byte, 1, MSG_PEEK), ==, -1);
}

static void write_domain(GByteArray *out)
{
    static const guint8 uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

    rpc_xdr_write_string(out, "guest", 5);
    g_byte_array_append(out, uuid, sizeof(uuid));
    rpc_xdr_write_u32(out, 3);
}

GByteArray *payload_attach(const char *xml, guint32 flags)
{
    GByteArray *out = g_byte_array_new();

    write_domain(out);
    rpc_xdr_write_string(out, xml, strlen(xml));
    rpc_xdr_write_u32(out, flags);
    return out;
}

GByteArray *payload_string(const char *text)
{
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_string(out, text, strlen(text));
    return out;
}

GByteArray *payload_error(gint32 code, const char *message)
{
    const RpcHeader call = { 0 };
    GByteArray *frame = rpc_error_reply(&call, code, 10, message);

    return g_byte_array_remove_range(frame, 0, RPC_FRAME_HEAD);
}

static char *read_string(RpcXdrReader *reader)
{
    gsize length = 0;
    const char *text = rpc_xdr_read_string(reader, &length);

    g_assert_nonnull(text);
    return g_strndup(text, length);
}

char *payload_read_string(const Frame *frame)
{
    RpcXdrReader reader;

    rpc_xdr_reader_init(&reader, frame->payload->data, frame->payload->len);
    return read_string(&reader);
}

char *payload_read_attach_xml(const Frame *frame)
{
    RpcXdrReader reader;

    rpc_xdr_reader_init(&reader, frame->payload->data, frame->payload->len);
    g_free(read_string(&reader));
    rpc_xdr_read_fixed(&reader, 16);
    rpc_xdr_read_u32(&reader);
    return read_string(&reader);
}

char *payload_read_error(const Frame *frame, gint32 *ret_code)
{
    RpcError error;
    char *message;

    g_assert_cmpuint(frame->header.status, ==, RPC_STATUS_ERROR);
    g_assert_true(rpc_error_decode(&error, frame->payload->data, frame->payload->len));
    *ret_code = error.code;
    message = g_strdup(error.message);
    rpc_error_clear(&error);
    return message;
}

void proxy_expect_error(Proxy *proxy, guint32 serial, gint32 procedure, gint32 code, const char *words)
{
    g_auto(Frame) reply = proxy_receive(proxy, proxy->client);
    g_autofree char *message = NULL;
    gint32 got;

    g_assert_cmpint(reply.header.procedure, ==, procedure);
    g_assert_cmpuint(reply.header.serial, ==, serial);
    message = payload_read_error(&reply, &got);
    g_assert_cmpint(got, ==, code);
    g_test_message("%s", message);
    g_assert_nonnull(strstr(message, words));
    g_assert_null(strstr(message, "cc390000-")); /* users must not see the encoded UUID */
}
