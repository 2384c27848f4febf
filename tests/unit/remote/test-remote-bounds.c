/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection holds is bounded, for itself and for its user, whatever the client and libvirt send. */
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peers.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define PASSING 9 /* a procedure that is not looked into */
#define AUTH_LIST 66
#define OPEN 1
#define DEFINE 11
#define GET_XML_DESC 14
#define LOOKUP_NODE 113
#define GET_MESSAGES 426

#define MIB (1024u * 1024)
#define READ_SIZE 65536u /* bytes that a connection reads at a time */

/* Of the 30 s for which a client may hold bytes; the margin is for a slow machine. */
#define SHORT_OF_HOLD_TIME (25 * G_TIME_SPAN_SECOND)
#define REST_OF_HOLD_TIME (5 * G_TIME_SPAN_SECOND)

static CcwLimits *limits;
static CcwUser *user;

static void set_up(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    limits = ccw_limits_new(NULL, 65536, 16 * 1024 * 1024, 100, 0, 20); /* 8 MiB for one user */
    user = ccw_limits_add_client(limits, 1000, NULL);
    peers->user = user;
    peers_set_up(peers, NULL);
}

static void tear_down(Peers *peers, gconstpointer data)
{
    peers_tear_down(peers, data);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_assert_cmpuint(user->fds, ==, 0);
    ccw_user_remove_client(user);
    ccw_limits_free(limits);
}

static gboolean send_some(int fd, const guint8 *bytes, gsize length, gsize *sent)
{
    ssize_t n = send(fd, bytes + *sent, length - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent += n > 0 ? (gsize)n : 0;
    return n > 0;
}

/* Sends until it is all sent, or the connection has taken nothing in a few turns. */
static gsize send_until_stuck(Peers *peers, int fd, const GByteArray *bytes)
{
    gsize sent = 0;

    for (guint stuck = 0; stuck < 5 && sent < bytes->len;) {
        stuck = send_some(fd, bytes->data, bytes->len, &sent) ? 0 : stuck + 1;
        peers_turn(peers);
    }
    return sent;
}

static void append_frame(GByteArray *stream, guint32 type, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    const CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = procedure, .serial = serial };
    g_autoptr(GByteArray) frame = ccw_frame_new(&header, payload ? payload->data : NULL, payload ? payload->len : 0);

    ccw_store_be32(frame->data + 16, type);
    g_byte_array_append(stream, frame->data, frame->len);
}

/* The payload of a domain's XML of so many bytes, with a device of ours. */
static GByteArray *domain_xml(gsize length)
{
    g_autofree char *filler = g_strnfill(length, 'x');
    g_autofree char *xml = g_strconcat("<domain><uuid>" GUEST_UUID "</uuid><description>", filler,
                                       "</description><devices><hostdev mode='subsystem' type='ccw' managed='yes'>"
                                       "<source><address devno='0x1234'/></source></hostdev></devices></domain>",
                                       NULL);

    return payload_string(xml);
}

static void send_reply(Peers *peers, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    append_frame(stream, CCW_TYPE_REPLY, procedure, serial, payload);
    peers_send_all(peers, peers->backend, stream);
}

/* A call of which the XML comes from libvirt: the serial of virtccwd's question. */
static guint32 ask_messages(Peers *peers, guint32 serial)
{
    g_autoptr(GByteArray) call = payload_attach("", 0);
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_auto(Frame) asked = { 0 };
    g_auto(Frame) question = { 0 };

    g_byte_array_set_size(call, call->len - 4); /* no XML, but flags */
    ccw_xdr_write_u32(none, 0);
    peers_send(peers, peers->client, CCW_TYPE_CALL, GET_MESSAGES, serial, CCW_STATUS_OK, call);
    asked = peers_receive(peers, peers->backend);
    g_assert_cmpint(asked.header.procedure, ==, GET_MESSAGES);
    send_reply(peers, GET_MESSAGES, serial, none);
    question = peers_receive(peers, peers->backend);
    g_assert_cmpint(question.header.procedure, ==, GET_XML_DESC);
    return question.header.serial;
}

/*
 * A domain's XML that waits for a worker counts as held for the client: the next one has no room, and its call ends
 * with libvirt's own reply.
 */
static void waiting_xml(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const gsize length = 3 * 1024 * 1024;
    g_autoptr(GByteArray) xml = domain_xml(length);
    guint32 serials[3];

    host_hold_lookups(TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++)
        serials[i] = ask_messages(peers, i);
    for (guint i = 0; i < 2; i++) {
        send_reply(peers, GET_XML_DESC, serials[i], xml);
        g_assert_cmpuint(user->bytes, >=, (i + 1) * length);
    }
    send_reply(peers, GET_XML_DESC, serials[2], xml);
    g_assert_cmpuint(user->bytes, <, 8 * 1024 * 1024);
    frame_clear(&(Frame){ .payload = peers_receive(peers, peers->client).payload });
    host_hold_lookups(FALSE);
    for (guint i = 0; i < 2; i++)
        frame_clear(&(Frame){ .payload = peers_receive(peers, peers->client).payload });
    peers_turn(peers);
    g_assert_cmpuint(user->bytes, ==, 0);
}

/* A thousand calls in one packet: as many are begun as may be, the others when those have ended. */
static void calls(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) name = payload_string("ccw_0_0_1234");
    const guint count = 1000;

    for (guint i = 0; i < count; i++)
        append_frame(stream, CCW_TYPE_CALL, LOOKUP_NODE, i, name);
    g_assert_cmpint(send(peers->client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
    for (guint i = 0; i < count; i++) {
        g_auto(Frame) asked = peers_receive(peers, peers->backend);
        g_auto(Frame) reply = { 0 };
        gint waiting = 0;

        if (i == 0) {
            guint8 rest[65536];

            peers_turn(peers);
            waiting = (gint)recv(peers->backend, rest, sizeof(rest), MSG_PEEK);
            g_assert_cmpint(waiting, <=, 16 * (gint)asked.header.length);
        }
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, LOOKUP_NODE, asked.header.serial, CCW_STATUS_OK, name);
        reply = peers_receive(peers, peers->client);
        g_assert_cmpuint(reply.header.serial, ==, asked.header.serial);
    }
    g_assert_cmpuint(user->bytes, ==, 0);
}

#define LARGE (300u * 1024) /* bytes of a domain's XML: less than four of them are within 1 MiB, and four are not */
#define LARGE_COUNT 12u
#define LARGE_IN_WORK 4u

/* What one end sends, and what has come to the other one. */
typedef struct {
    int from, to;
    GByteArray *stream;
    gsize sent;
    GByteArray *arrived;
    guint count;                  /* of the whole frames that have come */
    guint32 serials[LARGE_COUNT]; /* theirs; workers may change the order */
} Flow;

static void flow_clear(Flow *flow)
{
    g_byte_array_unref(flow->stream);
    g_byte_array_unref(flow->arrived);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Flow, flow_clear)

/* LARGE_COUNT domains of LARGE bytes each, with serials from 0 on. */
static Flow flow_of_domains(int from, int to, guint32 type, gint32 procedure)
{
    g_autoptr(GByteArray) xml = domain_xml(LARGE);
    Flow flow = { .from = from, .to = to, .stream = g_byte_array_new(), .arrived = g_byte_array_new() };

    for (guint i = 0; i < LARGE_COUNT; i++)
        append_frame(flow.stream, type, procedure, i, xml);
    return flow;
}

/* Without waiting for a worker, which may be blocked. */
static void flow_until_stuck(Flow *flow)
{
    static guint8 buffer[65536];

    for (guint stuck = 0; stuck < 5; stuck++) {
        ssize_t n;

        if (flow->sent < flow->stream->len && send_some(flow->from, flow->stream->data, flow->stream->len, &flow->sent))
            stuck = 0;
        while (g_main_context_iteration(NULL, FALSE))
            ;
        n = recv(flow->to, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (n > 0) {
            g_byte_array_append(flow->arrived, buffer, (guint)n);
            stuck = 0;
        }
    }
}

static void count_frame(Flow *flow, guint32 serial)
{
    g_assert_cmpuint(serial, <, LARGE_COUNT);
    for (guint i = 0; i < flow->count; i++)
        g_assert_cmpuint(flow->serials[i], !=, serial);
    flow->serials[flow->count++] = serial;
}

/* Until that many whole frames have come. */
static void flow_await(Flow *flow, guint count)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    CcwHeader header;

    while (flow->count < count) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        flow_until_stuck(flow);
        while (flow->arrived->len >= CCW_FRAME_HEAD) {
            g_assert_true(ccw_header_decode(flow->arrived->data, &header, NULL));
            if (header.length > flow->arrived->len)
                break;
            count_frame(flow, header.serial);
            g_byte_array_remove_range(flow->arrived, 0, header.length);
        }
    }
}

/* Calls that libvirt has not answered keep their bytes: from 1 MiB on the client is not read. */
static void calls_in_work(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Flow) flow = flow_of_domains(peers->client, peers->backend, CCW_TYPE_CALL, DEFINE);
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_OPERATION_FAILED, "no such domain");

    flow_await(&flow, LARGE_IN_WORK);
    peers_turn(peers);
    flow_until_stuck(&flow);
    g_assert_cmpuint(flow.count, ==, LARGE_IN_WORK);
    g_assert_cmpuint(flow.arrived->len, ==, 0);
    g_assert_cmpuint(user->bytes, >=, MIB);
    g_assert_cmpuint(user->bytes, <, MIB + LARGE + READ_SIZE);
    for (guint i = 0; i < LARGE_COUNT; i++) {
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, DEFINE, flow.serials[i], CCW_STATUS_ERROR, error);
        peers_expect_error(peers, flow.serials[i], DEFINE, VIR_ERR_OPERATION_FAILED, "no such domain");
        flow_await(&flow, MIN(i + 1 + LARGE_IN_WORK, LARGE_COUNT));
    }
    g_assert_cmpuint(user->bytes, ==, 0);
}

/* libvirt's replies that wait for a worker keep their bytes: from 1 MiB on libvirt is not read for this client. */
static void replies_in_work(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Flow) flow = flow_of_domains(peers->backend, peers->client, CCW_TYPE_REPLY, GET_XML_DESC);

    peers_hold_parsers(peers, TRUE);
    flow_until_stuck(&flow);
    g_assert_cmpuint(flow.arrived->len, ==, 0);
    g_assert_cmpuint(user->bytes, >=, MIB);
    /* A reply is charged from its beginning, which one read brings with the end of the one before. */
    g_assert_cmpuint(user->bytes, <, MIB + 2 * LARGE);
    peers_hold_parsers(peers, FALSE);
    flow_await(&flow, LARGE_COUNT);
    peers_turn(peers);
    g_assert_cmpuint(user->bytes, ==, 0);
}

/* How many frames without a payload have come to libvirt. */
static guint count_frames(const Peers *peers)
{
    guint8 head[CCW_FRAME_HEAD];
    guint count = 0;

    while (recv(peers->backend, head, sizeof(head), MSG_DONTWAIT) == (ssize_t)sizeof(head))
        count++;
    return count;
}

/* Calls that pass unread are bounded too: the client is not read until libvirt has answered some. */
static void unanswered(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    const guint count = 3 * CCW_CLIENT_CALLS_MAX;
    guint arrived;

    for (guint i = 0; i < count; i++)
        append_frame(stream, CCW_TYPE_CALL, PASSING, i, NULL);
    g_assert_cmpint(send(peers->client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
    peers_turn(peers);
    arrived = count_frames(peers);
    g_assert_cmpuint(arrived, ==, CCW_CLIENT_CALLS_MAX);
    for (guint i = 0; i < count; i++) {
        g_auto(Frame) reply = { 0 };

        peers_send(peers, peers->backend, CCW_TYPE_REPLY, PASSING, i, CCW_STATUS_OK, NULL);
        reply = peers_receive(peers, peers->client);
        g_assert_cmpuint(reply.header.serial, ==, i);
        arrived += count_frames(peers);
    }
    g_assert_cmpuint(arrived, ==, count);
}

static guint count_open_files(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* libvirt's replies bring descriptors, and the client reads none of them. */
static void descriptors(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint before = count_open_files();
    guint8 filler[65536] = { 0 };
    int small = 4096;
    guint most = 0;
    int fd = open("/dev/null", O_RDONLY);

    g_assert_cmpint(fd, >=, 0);
    setsockopt(peers->client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    ccw_store_be32(filler, 1);
    for (guint stuck = 0, i = 0; stuck < 50 && i < 5000; i++) {
        g_autoptr(GByteArray) one = g_byte_array_new();
        g_autoptr(GByteArray) payload = g_byte_array_append(g_byte_array_new(), filler, 8);
        gsize sent = 0;
        guint open_files;

        append_frame(one, CCW_TYPE_REPLY_WITH_FDS, PASSING, i, payload);
        while (stuck < 50 && sent < one->len) {
            stuck = send_some(peers->backend, one->data, one->len, &sent) ? 0 : stuck + 1;
            peers_turn(peers);
        }
        while (stuck < 50 && !peers_send_fd(peers->backend, fd)) {
            stuck++;
            peers_turn(peers);
        }
        open_files = count_open_files();
        most = MAX(most, open_files);
    }
    close(fd);
    g_test_message("%u descriptors more than before at most", most - before);
    g_assert_cmpuint(most - before, <=, CCW_CLIENT_FDS_MAX + 2);
    g_assert_cmpuint(user->fds, <=, CCW_CLIENT_FDS_MAX);
    g_assert_cmpuint(user->fds, >, 0); /* the test did fill it */
}

/* Until a timer that began later than that of ccw_user_lacks_room() has run. */
static gboolean set_true(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static void wait_reclaimed(Peers *peers)
{
    gboolean has_run = FALSE;

    g_timeout_add(20, set_true, &has_run);
    while (!has_run)
        g_main_context_iteration(NULL, TRUE);
    peers_turn(peers);
}

/* A call of which so many bytes come: all of it that is announced, or less. */
static GByteArray *beginning(gsize announced, gsize length)
{
    CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = DEFINE, .serial = 1 };
    GByteArray *frame = ccw_frame_new(&header, NULL, 0);
    g_autofree char *text = g_strnfill(length, 'x');

    ccw_store_be32(frame->data, (guint32)announced);
    g_byte_array_append(frame, (const guint8 *)text, (guint)length - CCW_FRAME_HEAD);
    return frame;
}

/*
 * A frame that does not come to its end is charged as far as it has come. tear_down() sees that its user has all of the
 * room again.
 */
static void unfinished(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = beginning(4 * 1024 * 1024, 1024 * 1024);

    g_assert_cmpint(send(peers->client, frame->data, CCW_FRAME_HEAD, MSG_NOSIGNAL), ==, CCW_FRAME_HEAD);
    peers_turn(peers);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_byte_array_remove_range(frame, 0, CCW_FRAME_HEAD);
    peers_send_all(peers, peers->client, frame);
    peers_turn(peers);
    g_assert_cmpuint(user->bytes, ==, frame->len);
    peers_hang_up(&peers->client);
    peers_wait_ended(peers);
}

/* A call for which its user has no room is answered, and what follows it on the connection is served. */
static void big_call(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    g_autoptr(GByteArray) xml = payload_string(text);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_auto(Frame) frame = { 0 };
    gsize sent = 0;

    ccw_user_charge(user, 6 * 1024 * 1024, 0);
    append_frame(stream, CCW_TYPE_CALL, DEFINE, 1, xml);
    append_frame(stream, CCW_TYPE_CALL, PASSING, 2, NULL);
    while (sent < stream->len) {
        send_some(peers->client, stream->data, stream->len, &sent);
        peers_turn(peers);
        g_assert_cmpuint(user->bytes, <, 7 * 1024 * 1024);
    }
    peers_expect_error(peers, 1, DEFINE, VIR_ERR_RPC, "has no room");
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpint(frame.header.procedure, ==, PASSING);
    ccw_user_charge(user, -6 * 1024 * 1024, 0);
}

/* A client may take its time with a frame as long as all others have room; after that its connection ends. */
static void holder(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = beginning(4 * 1024 * 1024, 1024 * 1024);
    CcwUser *other = ccw_limits_add_client(limits, 1001, NULL);
    CcwUser *root = ccw_limits_add_client(limits, 0, NULL);

    peers_send_all(peers, peers->client, frame);
    peers_turn(peers);
    ccw_limits_pass_time(limits, SHORT_OF_HOLD_TIME);
    ccw_user_lacks_room(root, 1);
    wait_reclaimed(peers);
    g_assert_nonnull(peers->connection);
    ccw_limits_pass_time(limits, REST_OF_HOLD_TIME);
    ccw_user_lacks_room(other, 16 * 1024 * 1024); /* more than that user may have */
    wait_reclaimed(peers);
    g_assert_nonnull(peers->connection);
    ccw_user_lacks_room(other, 4096);
    peers_wait_ended(peers);
    ccw_user_remove_client(other);
    ccw_user_remove_client(root);
}

/* So does that of a client that does not read. */
static void unread(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autofree char *text = g_strnfill(512 * 1024, 'x');
    g_autoptr(GByteArray) payload = payload_string(text);

    append_frame(message, CCW_TYPE_MESSAGE, PASSING, 0, payload);
    send_until_stuck(peers, peers->backend, message);
    g_assert_cmpuint(user->bytes, >, 0);
    ccw_limits_pass_time(limits, SHORT_OF_HOLD_TIME);
    ccw_user_lacks_room(user, 8 * 1024 * 1024);
    wait_reclaimed(peers);
    g_assert_nonnull(peers->connection);
    ccw_limits_pass_time(limits, REST_OF_HOLD_TIME);
    ccw_user_lacks_room(user, 8 * 1024 * 1024);
    peers_wait_ended(peers);
}

/* A name that no node device has is not held: its beginning is with libvirt before its end has come. */
static void long_name(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = LOOKUP_NODE, .serial = 1 };
    g_autofree char *text = g_strnfill(60 * 1024, 'x');
    g_autoptr(GByteArray) name = payload_string(text);
    g_autoptr(GByteArray) call = ccw_frame_new(&header, name->data, name->len);
    guint8 head[CCW_FRAME_HEAD];

    g_assert_cmpint(send(peers->client, call->data, call->len / 2, MSG_NOSIGNAL), ==, call->len / 2);
    peers_turn(peers);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_assert_cmpint(recv(peers->backend, head, sizeof(head), 0), ==, sizeof(head));
    g_assert_cmpmem(head, sizeof(head), call->data, sizeof(head));
}

/* A call for which there was room when it began is answered too, and its client is served on. */
static void growing_call(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const gsize length = 3 * 1024 * 1024;
    g_autoptr(GByteArray) stream = beginning(length, length);
    g_auto(Frame) frame = { 0 };
    gsize sent = 0;

    append_frame(stream, CCW_TYPE_CALL, PASSING, 2, NULL);
    while (sent < length / 2) {
        send_some(peers->client, stream->data, length / 2, &sent);
        peers_turn(peers);
    }
    g_assert_cmpuint(user->bytes, ==, length / 2 - CCW_FRAME_HEAD);
    ccw_user_charge(user, 6 * 1024 * 1024, 0);
    while (sent < stream->len) {
        send_some(peers->client, stream->data, stream->len, &sent);
        peers_turn(peers);
        g_assert_cmpuint(user->bytes, <=, 8 * 1024 * 1024);
    }
    g_assert_cmpuint(user->bytes, ==, 6 * 1024 * 1024);
    peers_expect_error(peers, 1, DEFINE, VIR_ERR_RPC, "has no room");
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpint(frame.header.procedure, ==, PASSING);
    ccw_user_charge(user, -6 * 1024 * 1024, 0);
}

/* A reply is answered with an error, and one that comes when there is room again is handed over. */
static void big_reply(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    g_autoptr(GByteArray) xml = payload_string(text);

    for (guint full = 0; full < 2; full++) {
        g_autoptr(GByteArray) stream = g_byte_array_new();
        gsize sent = 0;

        peers_send(peers, peers->client, CCW_TYPE_CALL, GET_XML_DESC, full, CCW_STATUS_OK, NULL);
        frame_clear(&(Frame){ peers_receive(peers, peers->backend).header, NULL });
        append_frame(stream, CCW_TYPE_REPLY, GET_XML_DESC, full, xml);
        ccw_user_charge(user, full * 6 * 1024 * 1024, 0);
        if (full) {
            send_until_stuck(peers, peers->backend, stream);
            peers_expect_error(peers, full, GET_XML_DESC, VIR_ERR_RPC, "has no room");
        } else {
            g_autoptr(GByteArray) got = g_byte_array_new();

            while (got->len < stream->len) {
                guint8 buffer[65536];
                ssize_t n;

                if (sent < stream->len)
                    send_some(peers->backend, stream->data, stream->len, &sent);
                peers_turn(peers);
                n = recv(peers->client, buffer, sizeof(buffer), MSG_DONTWAIT);
                if (n > 0)
                    g_byte_array_append(got, buffer, (guint)n);
            }
            g_assert_cmpmem(got->data, got->len, stream->data, stream->len);
        }
        ccw_user_charge(user, (gssize)full * -6 * 1024 * 1024, 0);
    }
}

#define CALLS 1000u /* which virtccwd answers by itself: "not open" */
#define CROWD 20u
#define AT_ONCE 8u /* of one connection, in a turn of its events and again in one of those that wait */
#define BUDGET 64u /* of all of them; each has one more */

static void set_up_guest(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    CcwPeer *peer = g_new0(CcwPeer, 1);

    peer->uid = 1000;
    limits = ccw_limits_new(NULL, 65536, 0, 100, 0, 20);
    user = ccw_limits_add_client(limits, 1000, NULL);
    peers->user = user;
    peers_set_up_as(peers, peer);
}

/* libvirt lets virtccwd in. */
static void greet(Peers *peers, int backend)
{
    g_autoptr(GByteArray) types = g_byte_array_new();
    guint8 call[CCW_FRAME_HEAD];
    CcwHeader header;

    g_assert_cmpint(recv(backend, call, sizeof(call), 0), ==, sizeof(call));
    g_assert_true(ccw_header_decode(call, &header, NULL));
    ccw_xdr_write_u32(types, 1);
    ccw_xdr_write_u32(types, 0);
    peers_send(peers, backend, CCW_TYPE_REPLY, AUTH_LIST, header.serial, CCW_STATUS_OK, types);
    peers_turn(peers);
}

static void send_calls(int client)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    for (guint i = 0; i < CALLS; i++)
        append_frame(stream, CCW_TYPE_CALL, PASSING, i, NULL);
    g_assert_cmpint(send(client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
}

/* How many whole frames came; each has the serial behind that of the one before. */
static guint count_answers(int client, GByteArray *stream, guint *ret_next)
{
    guint8 buffer[65536];
    CcwHeader header;
    guint count = 0;
    ssize_t n;

    while ((n = recv(client, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
        g_byte_array_append(stream, buffer, (guint)n);
    while (stream->len >= CCW_FRAME_HEAD) {
        g_assert_true(ccw_header_decode(stream->data, &header, NULL));
        if (header.length > stream->len)
            break;
        g_assert_cmpuint(header.serial, ==, *ret_next);
        g_assert_cmpuint(header.status, ==, CCW_STATUS_ERROR);
        g_byte_array_remove_range(stream, 0, header.length);
        (*ret_next)++;
        count++;
    }
    return count;
}

/* Calls that virtccwd answers by itself do not keep the main loop from other clients, and all of them are answered. */
static void answers(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint next = 0;
    guint most = 0;

    greet(peers, peers->backend);
    send_calls(peers->client);
    while (g_main_context_iteration(NULL, FALSE)) {
        guint now = count_answers(peers->client, stream, &next);

        most = MAX(most, now);
    }
    g_test_message("%u answers in one turn at most", most);
    g_assert_cmpuint(next, ==, CALLS);
    g_assert_cmpuint(most, <=, 2 * AT_ONCE);
}

/* A long call that libvirt may not have yet is refused by its head, CONNECT_OPEN too, and what follows is answered. */
static void early(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const gint32 procedures[] = { PASSING, OPEN };
    g_autofree char *text = g_strnfill(1024 * 1024, 'x');
    g_autoptr(GByteArray) payload = payload_string(text);

    greet(peers, peers->backend);
    for (guint i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = g_byte_array_new();

        append_frame(call, CCW_TYPE_CALL, procedures[i], i, payload);
        g_assert_cmpint(send(peers->client, call->data, CCW_FRAME_HEAD, MSG_NOSIGNAL), ==, CCW_FRAME_HEAD);
        peers_expect_error(peers, i, procedures[i], VIR_ERR_INTERNAL_ERROR, i == 0 ? "not open" : "shorten the URI");
        g_byte_array_remove_range(call, 0, CCW_FRAME_HEAD);
        peers_send_all(peers, peers->client, call);
        g_assert_cmpuint(user->bytes, ==, 0);
    }
    peers_send(peers, peers->client, CCW_TYPE_CALL, PASSING, 2, CCW_STATUS_OK, NULL);
    peers_expect_error(peers, 2, PASSING, VIR_ERR_INTERNAL_ERROR, "not open");
}

static void on_crowd_ended(CcwConnection *connection G_GNUC_UNUSED, gpointer data)
{
    --*(guint *)data;
}

/* The same of many connections of that user's: together they have a budget. */
static void answers_of_many(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    GByteArray *streams[CROWD];
    int client[CROWD][2], backend[CROWD][2];
    guint next[CROWD] = { 0 };
    guint left = CROWD;
    guint all = 0;
    guint most = 0;

    greet(peers, peers->backend);
    for (guint i = 0; i < CROWD; i++) {
        CcwPeer *peer = g_new0(CcwPeer, 1);

        peer->uid = 1000;
        streams[i] = g_byte_array_new();
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, client[i]), ==, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, backend[i]), ==, 0);
        ccw_connection_start(
            ccw_connection_new(&peers->services, client[i][1], backend[i][1], peer, on_crowd_ended, &left), user);
        greet(peers, backend[i][0]);
    }
    for (guint i = 0; i < CROWD; i++)
        send_calls(client[i][0]);
    while (g_main_context_iteration(NULL, FALSE)) {
        guint now = 0;

        for (guint i = 0; i < CROWD; i++)
            now += count_answers(client[i][0], streams[i], &next[i]);
        all += now;
        most = MAX(most, now);
    }
    g_test_message("%u answers in one turn at most", most);
    g_assert_cmpuint(all, ==, CROWD * CALLS);
    g_assert_cmpuint(most, <=, 2 * BUDGET + CROWD);
    for (guint i = 0; i < CROWD; i++) {
        close(client[i][0]);
        close(backend[i][0]);
        g_byte_array_unref(streams[i]);
    }
    peers_turn(peers);
    g_assert_cmpuint(left, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/bounds/" name, Peers, NULL, set_up, func, tear_down)
    ADD("calls", calls);
    ADD("waiting-xml", waiting_xml);
    ADD("calls-in-work", calls_in_work);
    ADD("replies-in-work", replies_in_work);
    ADD("unanswered", unanswered);
    ADD("descriptors", descriptors);
    ADD("unfinished", unfinished);
    ADD("big-call", big_call);
    ADD("growing-call", growing_call);
    ADD("holder", holder);
    ADD("unread", unread);
    ADD("long-name", long_name);
    ADD("big-reply", big_reply);
#undef ADD
#define ADD(name, func) g_test_add("/remote/bounds/" name, Peers, NULL, set_up_guest, func, tear_down)
    ADD("early", early);
    ADD("answers", answers);
    ADD("answers-of-many", answers_of_many);
    return g_test_run();
}
