/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies that a worker raises and sends to the client by itself, and what the main thread does meanwhile. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../sockets.h"
#include "peers.h"

#include "rpc/wire.h"

#define GET_XML_DESC 14
#define PATIENCE_MS 10000
#define UUID "cc390000-0001-8000-8000-000000001234"

static void send_domain_of(Peers *peers, guint32 serial, const char *name)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='kvm'><name>%s</name><devices><hostdev mode='subsystem' type='mdev' managed='yes' "
        "model='vfio-ccw'><source><address uuid='" UUID "'/></source></hostdev></devices></domain>",
        name);
    g_autoptr(GByteArray) reply = payload_string(xml);

    peers_send(peers, peers->backend, CCW_TYPE_REPLY, GET_XML_DESC, serial, CCW_STATUS_OK, reply);
}

static void send_domain(Peers *peers, guint32 serial)
{
    send_domain_of(peers, serial, "guest");
}

/* The main loop runs until it has read all that libvirt has sent, without waiting for a worker. */
static void read_backend(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* The reply is there without a turn of the main loop. */
static void expect_without_main_loop(const Peers *peers, guint32 serial)
{
    struct pollfd client = { .fd = peers->client, .events = POLLIN };
    guint8 head[CCW_FRAME_HEAD];
    guint8 payload[1024];
    CcwHeader header;

    g_assert_cmpint(poll(&client, 1, PATIENCE_MS), ==, 1);
    g_assert_cmpint(recv(peers->client, head, sizeof(head), 0), ==, sizeof(head));
    g_assert_true(ccw_header_decode(head, &header, NULL));
    g_assert_cmpuint(header.serial, ==, serial);
    g_assert_cmpuint(header.length - CCW_FRAME_HEAD, <, sizeof(payload));
    g_assert_cmpint(recv(peers->client, payload, sizeof(payload), 0), ==, header.length - CCW_FRAME_HEAD);
    g_assert_nonnull(memmem(payload, sizeof(payload), "devno='0x1234'", strlen("devno='0x1234'")));
}

static void expect_reply(Peers *peers, guint32 serial)
{
    g_auto(Frame) reply = peers_receive(peers, peers->client);
    g_autofree char *xml = payload_read_string(&reply);

    g_assert_cmpuint(reply.header.serial, ==, serial);
    g_assert_nonnull(strstr(xml, "devno='0x1234'"));
}

static void call(Peers *peers, guint32 serial)
{
    g_auto(Frame) frame = { 0 };

    peers_send(peers, peers->client, CCW_TYPE_CALL, GET_XML_DESC, serial, CCW_STATUS_OK, NULL);
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpuint(frame.header.serial, ==, serial);
}

/* The client may use the serial again as soon as it has the reply, and several replies come one after the other. */
static void by_worker(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 3; i++) {
        call(peers, 7);
        call(peers, 8);
        peers_hold_parsers(peers, TRUE);
        send_domain(peers, 7);
        read_backend();
        peers_hold_parsers(peers, FALSE);
        expect_without_main_loop(peers, 7);
        send_domain(peers, 8);
        expect_reply(peers, 8);
    }
    peers_assert_quiet(peers, peers->client);
}

/* A frame that passes in two parts is not torn by a reply that is ready in between. */
static void between_parts(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const CcwHeader header = {
        .program = CCW_PROGRAM_REMOTE,
        .version = CCW_PROGRAM_VERSION,
        .procedure = 333,
        .type = CCW_TYPE_MESSAGE,
    };
    g_autoptr(GByteArray) event = ccw_frame_new(&header, (const guint8 *)"an event", 8);
    g_auto(Frame) first = { 0 };

    peers_hold_parsers(peers, TRUE);
    send_domain(peers, 7);
    read_backend();
    g_assert_cmpint(send(peers->backend, event->data, CCW_FRAME_HEAD + 4, 0), ==, CCW_FRAME_HEAD + 4);
    read_backend();
    peers_hold_parsers(peers, FALSE);
    peers_turn(peers);
    g_assert_cmpint(send(peers->backend, event->data + CCW_FRAME_HEAD + 4, 4, 0), ==, 4);
    first = peers_receive(peers, peers->client);
    g_assert_cmpint(first.header.procedure, ==, 333);
    g_assert_cmpmem(first.payload->data, first.payload->len, "an event", 8);
    expect_reply(peers, 7);
}

/* The socket is closed while a worker may still write to it, or rather not before. */
static void client_leaves(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 8; i++)
        send_domain(peers, i);
    read_backend();
    peers_hang_up(&peers->client);
    peers_wait_ended(peers);
}

static void backend_leaves(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    guint8 bytes[65536];

    for (guint i = 0; i < 8; i++)
        send_domain(peers, i);
    peers_hang_up(&peers->backend);
    peers_wait_ended(peers);
    while (recv(peers->client, bytes, sizeof(bytes), 0) > 0)
        ;
}

/* More replies than the main thread takes actions: the client is not read, and goes on as soon as they are there. */
static void many(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (guint round = 0; round < 20; round++) {
        g_autofree gboolean *seen = g_new0(gboolean, 64);

        for (guint i = 0; i < 64; i++)
            call(peers, i);
        for (guint i = 0; i < 64; i++)
            send_domain(peers, i);
        for (guint i = 0; i < 64; i++) {
            g_auto(Frame) reply = peers_receive(peers, peers->client);

            g_assert_cmpuint(reply.header.serial, <, 64);
            g_assert_false(seen[reply.header.serial]);
            seen[reply.header.serial] = TRUE;
        }
    }
    peers_assert_quiet(peers, peers->client);
}

/* The main thread answers with what a worker has raised before. Other bytes are raised anew. */
static void once(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(CcwRaised) raised = ccw_raised_new();

    peers->services.raised = raised;
    send_domain(peers, 7);
    expect_reply(peers, 7);
    peers_turn(peers);
    peers_hold_parsers(peers, TRUE);
    send_domain(peers, 8);
    expect_reply(peers, 8);
    peers_hold_parsers(peers, FALSE);
    peers_turn(peers);
    peers_assert_quiet(peers, peers->client);
    peers->services.raised = NULL;
}

#define LONG_NAME 20000 /* bytes; a dozen of such replies fill the client's socket */
#define LONG_REPLIES 16u

/* A reply has to be queued, and a frame follows it: the frame does not become part of the reply that is remembered. */
static void queued(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const CcwHeader event = {
        .program = CCW_PROGRAM_REMOTE, .version = CCW_PROGRAM_VERSION, .procedure = 333, .type = CCW_TYPE_MESSAGE
    };
    g_autoptr(CcwRaised) raised = ccw_raised_new();
    g_autoptr(GByteArray) secret = ccw_frame_new(&event, (const guint8 *)"of one client alone", 19);
    g_autofree char *name = g_strnfill(LONG_NAME, 'x');
    gsize lengths[LONG_REPLIES];

    peers->services.raised = raised;
    for (guint i = 0; i < LONG_REPLIES; i++) {
        name[0] = (char)('a' + i);
        send_domain_of(peers, i, name);
        peers_turn(peers);
    }
    g_assert_cmpint(send(peers->backend, secret->data, secret->len, 0), ==, secret->len);
    peers_turn(peers);
    for (guint i = 0; i <= LONG_REPLIES; i++) {
        g_auto(Frame) frame = peers_receive(peers, peers->client);

        if (frame.header.procedure == GET_XML_DESC)
            lengths[frame.header.serial] = frame.payload->len;
    }
    for (guint i = 0; i < LONG_REPLIES; i++) {
        g_auto(Frame) frame = { 0 };

        name[0] = (char)('a' + i);
        send_domain_of(peers, i, name);
        frame = peers_receive(peers, peers->client);
        g_assert_cmpuint(frame.payload->len, ==, lengths[i]);
    }
    peers->services.raised = NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/replies/" name, Peers, NULL, peers_set_up, func, peers_tear_down)
    ADD("by-worker", by_worker);
    ADD("between-parts", between_parts);
    ADD("client-leaves", client_leaves);
    ADD("backend-leaves", backend_leaves);
    ADD("many", many);
    ADD("once", once);
    ADD("queued", queued);
    return g_test_run();
}
