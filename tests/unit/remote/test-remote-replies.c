/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies that a worker raises and sends to the client by itself, and the main thread's work meanwhile. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../main-loop.h"
#include "../sockets.h"
#include "proxy-fixture.h"

#include "rpc/wire.h"

#define TIMEOUT_MS 10000
#define UUID "cc390000-0001-8000-8000-000000001234"

static void send_domain_of(Proxy *proxy, guint32 serial, const char *name)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='kvm'><name>%s</name><devices><hostdev mode='subsystem' type='mdev' managed='yes' "
        "model='vfio-ccw'><source><address uuid='" UUID "'/></source></hostdev></devices></domain>",
        name);
    g_autoptr(GByteArray) reply = payload_string(xml);

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_XML_DESC, serial, RPC_STATUS_OK, reply);
}

static void send_domain(Proxy *proxy, guint32 serial)
{
    send_domain_of(proxy, serial, "guest");
}

/* Runs the main loop until it has read all that libvirt has sent, without waiting for a worker. */
static void read_backend(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Waits for a reply without running the main loop. */
static void expect_without_main_loop(const Proxy *proxy, guint32 serial)
{
    struct pollfd client = { .fd = proxy->client, .events = POLLIN };
    guint8 head[RPC_FRAME_HEAD];
    guint8 payload[1024];
    RpcHeader header;

    g_assert_cmpint(poll(&client, 1, TIMEOUT_MS), ==, 1);
    g_assert_cmpint(recv(proxy->client, head, sizeof(head), 0), ==, sizeof(head));
    g_assert_true(rpc_header_decode(head, &header, NULL));
    g_assert_cmpuint(header.serial, ==, serial);
    g_assert_cmpuint(header.length - RPC_FRAME_HEAD, <, sizeof(payload));
    g_assert_cmpint(recv(proxy->client, payload, sizeof(payload), 0), ==, header.length - RPC_FRAME_HEAD);
    g_assert_nonnull(memmem(payload, sizeof(payload), "devno='0x1234'", strlen("devno='0x1234'")));
}

static void expect_reply(Proxy *proxy, guint32 serial)
{
    g_auto(Frame) reply = proxy_receive(proxy, proxy->client);
    g_autofree char *xml = payload_read_string(&reply);

    g_assert_cmpuint(reply.header.serial, ==, serial);
    g_assert_nonnull(strstr(xml, "devno='0x1234'"));
}

static void call(Proxy *proxy, guint32 serial)
{
    g_auto(Frame) frame = { 0 };

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, GET_XML_DESC, serial, RPC_STATUS_OK, NULL);
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpuint(frame.header.serial, ==, serial);
}

static gboolean has_no_parser(gpointer data)
{
    return remote_workers_are_idle(((Proxy *)data)->services.workers, REMOTE_WORK_PARSE);
}

/*
 * The client may use a serial again as soon as it has the reply, also if several replies follow one another. A worker
 * that has sent a reply may still hold the outbox, so that the next worker would leave its reply to the main loop.
 */
static void by_worker(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 3; i++) {
        call(proxy, 7);
        call(proxy, 8);
        main_loop_wait(has_no_parser, proxy);
        proxy_block_parsers(proxy, TRUE);
        send_domain(proxy, 7);
        read_backend();
        proxy_block_parsers(proxy, FALSE);
        expect_without_main_loop(proxy, 7);
        send_domain(proxy, 8);
        expect_reply(proxy, 8);
    }
    proxy_assert_quiet(proxy, proxy->client);
}

/* A reply that is ready meanwhile does not divide a frame that passes in two parts. */
static void between_parts(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const RpcHeader header = {
        .program = RPC_PROGRAM_REMOTE,
        .version = RPC_PROGRAM_VERSION,
        .procedure = DEVICE_REMOVED,
        .type = RPC_TYPE_MESSAGE,
    };
    g_autoptr(GByteArray) event = rpc_frame_new(&header, (const guint8 *)"an event", 8);
    g_auto(Frame) first = { 0 };

    proxy_block_parsers(proxy, TRUE);
    send_domain(proxy, 7);
    read_backend();
    g_assert_cmpint(send(proxy->backend, event->data, RPC_FRAME_HEAD + 4, 0), ==, RPC_FRAME_HEAD + 4);
    read_backend();
    proxy_block_parsers(proxy, FALSE);
    proxy_turn(proxy);
    g_assert_cmpint(send(proxy->backend, event->data + RPC_FRAME_HEAD + 4, 4, 0), ==, 4);
    first = proxy_receive(proxy, proxy->client);
    g_assert_cmpint(first.header.procedure, ==, DEVICE_REMOVED);
    g_assert_cmpmem(first.payload->data, first.payload->len, "an event", 8);
    expect_reply(proxy, 7);
}

/* The socket is not closed while a worker may still write to it. */
static void client_leaves(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 8; i++)
        send_domain(proxy, i);
    read_backend();
    proxy_hang_up(&proxy->client);
    proxy_wait_ended(proxy);
}

static void backend_leaves(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    guint8 bytes[65536];

    for (guint i = 0; i < 8; i++)
        send_domain(proxy, i);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    while (recv(proxy->client, bytes, sizeof(bytes), 0) > 0)
        ;
}

/*
 * More replies than a connection may have tasks: virtccwd stops reading from the client, and continues when they are
 * raised.
 */
static void many(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (guint round = 0; round < 20; round++) {
        g_autofree gboolean *seen = g_new0(gboolean, 64);

        for (guint i = 0; i < 64; i++)
            call(proxy, i);
        for (guint i = 0; i < 64; i++)
            send_domain(proxy, i);
        for (guint i = 0; i < 64; i++) {
            g_auto(Frame) reply = proxy_receive(proxy, proxy->client);

            g_assert_cmpuint(reply.header.serial, <, 64);
            g_assert_false(seen[reply.header.serial]);
            seen[reply.header.serial] = TRUE;
        }
    }
    proxy_assert_quiet(proxy, proxy->client);
}

/* The main thread answers with a reply that a worker has raised before. Other bytes are raised anew. */
static void once(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(RemoteRaised) raised = remote_raised_new();

    proxy->services.raised = raised;
    send_domain(proxy, 7);
    expect_reply(proxy, 7);
    proxy_turn(proxy);
    proxy_block_parsers(proxy, TRUE);
    send_domain(proxy, 8);
    expect_reply(proxy, 8);
    proxy_block_parsers(proxy, FALSE);
    proxy_turn(proxy);
    proxy_assert_quiet(proxy, proxy->client);
    proxy->services.raised = NULL;
}

#define LONG_NAME 20000 /* bytes; a dozen of such replies fill the client's socket */
#define LONG_REPLIES 16u

/* A reply is queued, and a frame follows it: the frame does not become part of the remembered reply. */
static void queued(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const RpcHeader event = { .program = RPC_PROGRAM_REMOTE,
                              .version = RPC_PROGRAM_VERSION,
                              .procedure = DEVICE_REMOVED,
                              .type = RPC_TYPE_MESSAGE };
    g_autoptr(RemoteRaised) raised = remote_raised_new();
    g_autoptr(GByteArray) secret = rpc_frame_new(&event, (const guint8 *)"of one client alone", 19);
    g_autofree char *name = g_strnfill(LONG_NAME, 'x');
    gsize lengths[LONG_REPLIES];

    proxy->services.raised = raised;
    for (guint i = 0; i < LONG_REPLIES; i++) {
        name[0] = (char)('a' + i);
        send_domain_of(proxy, i, name);
        proxy_turn(proxy);
    }
    g_assert_cmpint(send(proxy->backend, secret->data, secret->len, 0), ==, secret->len);
    proxy_turn(proxy);
    for (guint i = 0; i <= LONG_REPLIES; i++) {
        g_auto(Frame) frame = proxy_receive(proxy, proxy->client);

        if (frame.header.procedure == GET_XML_DESC)
            lengths[frame.header.serial] = frame.payload->len;
    }
    for (guint i = 0; i < LONG_REPLIES; i++) {
        g_auto(Frame) frame = { 0 };

        name[0] = (char)('a' + i);
        send_domain_of(proxy, i, name);
        frame = proxy_receive(proxy, proxy->client);
        g_assert_cmpuint(frame.payload->len, ==, lengths[i]);
    }
    proxy->services.raised = NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/replies/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)
    ADD("by-worker", by_worker);
    ADD("between-parts", between_parts);
    ADD("client-leaves", client_leaves);
    ADD("backend-leaves", backend_leaves);
    ADD("many", many);
    ADD("once", once);
    ADD("queued", queued);
    return g_test_run();
}
