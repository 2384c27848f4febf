/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection's memory and descriptors are bounded, for itself and for its user, whatever the client and libvirt send.
 */
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy-fixture.h"
#include "remote/relay.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define PASSING CREATE /* a procedure whose frames virtccwd does not read */

#define MIB (1024u * 1024)
#define READ_SIZE 65536u /* bytes that a connection reads at a time */

/* A client may hold bytes for 30 s. The margin is for a slow machine. */
#define SHORT_OF_STALL_TIME (25 * G_TIME_SPAN_SECOND)
#define REST_OF_STALL_TIME (5 * G_TIME_SPAN_SECOND)

static RemoteLimits *limits;
static RemoteUser *user;

static void set_up(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    limits = remote_limits_new(NULL, 65536, 16 * 1024 * 1024, 100, 0, 20); /* 8 MiB for one user */
    user = remote_limits_add_client(limits, 1000, NULL);
    proxy->user = user;
    proxy_set_up(proxy, NULL);
}

static void tear_down(Proxy *proxy, gconstpointer data)
{
    proxy_tear_down(proxy, data);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_assert_cmpuint(user->fds, ==, 0);
    remote_user_remove_client(user);
    remote_limits_free(limits);
}

static gboolean send_some(int fd, const guint8 *bytes, gsize length, gsize *sent)
{
    ssize_t n = send(fd, bytes + *sent, length - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent += n > 0 ? (gsize)n : 0;
    return n > 0;
}

/* Sends all bytes, or until the connection has read nothing in a few turns. */
static gsize send_until_stuck(Proxy *proxy, int fd, const GByteArray *bytes)
{
    gsize sent = 0;

    for (guint stuck = 0; stuck < 5 && sent < bytes->len;) {
        stuck = send_some(fd, bytes->data, bytes->len, &sent) ? 0 : stuck + 1;
        proxy_turn(proxy);
    }
    return sent;
}

static void append_frame(GByteArray *stream, guint32 type, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = procedure, .serial = serial };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload ? payload->data : NULL, payload ? payload->len : 0);

    ccw_store_be32(frame->data + 16, type);
    g_byte_array_append(stream, frame->data, frame->len);
}

/* Makes the payload of a domain's XML of about this length, with a device of ours. */
static GByteArray *domain_xml(gsize length)
{
    g_autofree char *filler = g_strnfill(length, 'x');
    g_autofree char *xml = g_strconcat("<domain><uuid>" GUEST_UUID "</uuid><description>", filler,
                                       "</description><devices><hostdev mode='subsystem' type='ccw' managed='yes'>"
                                       "<source><address devno='0x1234'/></source></hostdev></devices></domain>",
                                       NULL);

    return payload_string(xml);
}

static void send_reply(Proxy *proxy, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    append_frame(stream, RPC_TYPE_REPLY, procedure, serial, payload);
    proxy_send_all(proxy, proxy->backend, stream);
}

/* Makes a call for which virtccwd asks libvirt for the XML. Returns the serial of that question. */
static guint32 ask_messages(Proxy *proxy, guint32 serial)
{
    g_autoptr(GByteArray) call = payload_attach("", 0);
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_auto(Frame) asked = { 0 };
    g_auto(Frame) question = { 0 };

    g_byte_array_set_size(call, call->len - 4); /* flags, and no XML */
    rpc_xdr_write_u32(none, 0);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, GET_MESSAGES, serial, RPC_STATUS_OK, call);
    asked = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(asked.header.procedure, ==, GET_MESSAGES);
    send_reply(proxy, GET_MESSAGES, serial, none);
    question = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(question.header.procedure, ==, GET_XML_DESC);
    return question.header.serial;
}

/*
 * A domain's XML that waits for a worker counts as held for the client. When the user's share is used up, the next call
 * ends with libvirt's own reply.
 */
static void waiting_xml(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const gsize length = 3 * 1024 * 1024;
    g_autoptr(GByteArray) xml = domain_xml(length);
    guint32 serials[3];

    host_block_lookups(TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++)
        serials[i] = ask_messages(proxy, i);
    for (guint i = 0; i < 2; i++) {
        send_reply(proxy, GET_XML_DESC, serials[i], xml);
        g_assert_cmpuint(user->bytes, >=, (i + 1) * length);
    }
    send_reply(proxy, GET_XML_DESC, serials[2], xml);
    g_assert_cmpuint(user->bytes, <, 8 * 1024 * 1024);
    frame_clear(&(Frame){ .payload = proxy_receive(proxy, proxy->client).payload });
    host_block_lookups(FALSE);
    for (guint i = 0; i < 2; i++)
        frame_clear(&(Frame){ .payload = proxy_receive(proxy, proxy->client).payload });
    proxy_turn(proxy);
    g_assert_cmpuint(user->bytes, ==, 0);
}

/* Returns the number of bytes in use by malloc(); 0 if a sanitizer has an allocator of its own. */
static gsize allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void expect_lowered(Proxy *proxy)
{
    g_auto(Frame) call = proxy_receive(proxy, proxy->backend);

    g_assert_nonnull(memmem(call.payload->data, call.payload->len, "type='mdev'", strlen("type='mdev'")));
}

/* virtccwd keeps no copy of a large call while libvirt works on it. */
static void sent_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const gsize length = 3 * 1024 * 1024;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) none = g_byte_array_new();
    gsize before = allocated(), after;

    if (before == 0) {
        g_test_skip("this allocator does not say how much it has handed out");
        return;
    }
    for (guint i = 0; i < 2; i++) { /* the first call also allocates memory that stays */
        g_autoptr(GByteArray) xml = domain_xml(length);

        g_byte_array_set_size(stream, 0);
        append_frame(stream, RPC_TYPE_CALL, DEFINE, i, xml);
        before = allocated();
        proxy_send_all(proxy, proxy->client, stream);
        expect_lowered(proxy);
        proxy_turn(proxy);
        after = allocated();
        send_reply(proxy, DEFINE, i, none);
        frame_clear(&(Frame){ .payload = proxy_receive(proxy, proxy->client).payload });
    }
    g_test_message("%zu bytes for a call of %zu", after - before, length);
    g_assert_cmpuint(after, <, before + length / 2);
}

/* A thousand calls in one packet: virtccwd begins as many as allowed, and the others after those have ended. */
static void calls(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) name = payload_string("ccw_0_0_1234");
    const guint count = 1000;

    for (guint i = 0; i < count; i++)
        append_frame(stream, RPC_TYPE_CALL, LOOKUP_NODE, i, name);
    g_assert_cmpint(send(proxy->client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
    for (guint i = 0; i < count; i++) {
        g_auto(Frame) asked = proxy_receive(proxy, proxy->backend);
        g_auto(Frame) reply = { 0 };
        gint waiting = 0;

        if (i == 0) {
            guint8 rest[65536];

            proxy_turn(proxy);
            waiting = (gint)recv(proxy->backend, rest, sizeof(rest), MSG_PEEK);
            g_assert_cmpint(waiting, <=, 16 * (gint)asked.header.length);
        }
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, LOOKUP_NODE, asked.header.serial, RPC_STATUS_OK, name);
        reply = proxy_receive(proxy, proxy->client);
        g_assert_cmpuint(reply.header.serial, ==, asked.header.serial);
    }
    g_assert_cmpuint(user->bytes, ==, 0);
}

#define LARGE (300u * 1024) /* bytes of a domain's XML: three of them are below 1 MiB, four are not */
#define LARGE_COUNT 12u
#define LARGE_IN_WORK 4u

/* The frames that one end sends, and those that have arrived at the other end. */
typedef struct {
    int from, to;
    GByteArray *stream;
    gsize sent;
    GByteArray *arrived;
    guint count;                  /* of complete frames that have arrived */
    guint32 serials[LARGE_COUNT]; /* their serials; the workers may change the order */
} Flow;

static void flow_clear(Flow *flow)
{
    g_byte_array_unref(flow->stream);
    g_byte_array_unref(flow->arrived);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Flow, flow_clear)

/* Makes LARGE_COUNT domains of LARGE bytes each, with serials from 0 on. */
static Flow flow_of_domains(int from, int to, guint32 type, gint32 procedure)
{
    g_autoptr(GByteArray) xml = domain_xml(LARGE);
    Flow flow = { .from = from, .to = to, .stream = g_byte_array_new(), .arrived = g_byte_array_new() };

    for (guint i = 0; i < LARGE_COUNT; i++)
        append_frame(flow.stream, type, procedure, i, xml);
    return flow;
}

/* Runs the main loop without waiting for a worker, which may be blocked. */
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

/* Receives until this many complete frames have arrived. */
static void flow_await(Flow *flow, guint count)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    RpcHeader header;

    while (flow->count < count) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        flow_until_stuck(flow);
        while (flow->arrived->len >= RPC_FRAME_HEAD) {
            g_assert_true(rpc_header_decode(flow->arrived->data, &header, NULL));
            if (header.length > flow->arrived->len)
                break;
            count_frame(flow, header.serial);
            g_byte_array_remove_range(flow->arrived, 0, header.length);
        }
    }
}

/* Calls that libvirt has not answered keep their bytes: from 1 MiB on, virtccwd does not read from the client. */
static void calls_in_work(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Flow) flow = flow_of_domains(proxy->client, proxy->backend, RPC_TYPE_CALL, DEFINE);
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_OPERATION_FAILED, "no such domain");

    flow_await(&flow, LARGE_IN_WORK);
    proxy_turn(proxy);
    flow_until_stuck(&flow);
    g_assert_cmpuint(flow.count, ==, LARGE_IN_WORK);
    g_assert_cmpuint(flow.arrived->len, ==, 0);
    g_assert_cmpuint(user->bytes, >=, MIB);
    g_assert_cmpuint(user->bytes, <, MIB + LARGE + READ_SIZE);
    for (guint i = 0; i < LARGE_COUNT; i++) {
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, DEFINE, flow.serials[i], RPC_STATUS_ERROR, error);
        proxy_expect_error(proxy, flow.serials[i], DEFINE, VIR_ERR_OPERATION_FAILED, "no such domain");
        flow_await(&flow, MIN(i + 1 + LARGE_IN_WORK, LARGE_COUNT));
    }
    g_assert_cmpuint(user->bytes, ==, 0);
}

/*
 * libvirt's replies that wait for a worker keep their bytes: from 1 MiB on, virtccwd does not read them for this
 * client.
 */
static void replies_in_work(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Flow) flow = flow_of_domains(proxy->backend, proxy->client, RPC_TYPE_REPLY, GET_XML_DESC);

    proxy_block_parsers(proxy, TRUE);
    flow_until_stuck(&flow);
    g_assert_cmpuint(flow.arrived->len, ==, 0);
    g_assert_cmpuint(user->bytes, >=, MIB);
    /* A reply is charged from its beginning on, which arrives in one read with the end of the reply before it. */
    g_assert_cmpuint(user->bytes, <, MIB + 2 * LARGE);
    proxy_block_parsers(proxy, FALSE);
    flow_await(&flow, LARGE_COUNT);
    proxy_turn(proxy);
    g_assert_cmpuint(user->bytes, ==, 0);
}

/* Returns the number of frames without a payload that have arrived at libvirt. */
static guint count_frames(const Proxy *proxy)
{
    guint8 head[RPC_FRAME_HEAD];
    guint count = 0;

    while (recv(proxy->backend, head, sizeof(head), MSG_DONTWAIT) == (ssize_t)sizeof(head))
        count++;
    return count;
}

/* Calls that pass unread are bounded, too: virtccwd does not read from the client until libvirt has answered some. */
static void unanswered(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    const guint count = 3 * REMOTE_CLIENT_CALLS_MAX;
    guint arrived;

    for (guint i = 0; i < count; i++)
        append_frame(stream, RPC_TYPE_CALL, PASSING, i, NULL);
    g_assert_cmpint(send(proxy->client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
    proxy_turn(proxy);
    arrived = count_frames(proxy);
    g_assert_cmpuint(arrived, ==, REMOTE_CLIENT_CALLS_MAX);
    for (guint i = 0; i < count; i++) {
        g_auto(Frame) reply = { 0 };

        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, PASSING, i, RPC_STATUS_OK, NULL);
        reply = proxy_receive(proxy, proxy->client);
        g_assert_cmpuint(reply.header.serial, ==, i);
        arrived += count_frames(proxy);
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

/* libvirt's replies have descriptors, and the client reads no reply. */
static void descriptors(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint before = count_open_files();
    guint8 filler[65536] = { 0 };
    int small = 4096;
    guint most = 0;
    int fd = open("/dev/null", O_RDONLY);

    g_assert_cmpint(fd, >=, 0);
    setsockopt(proxy->client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    ccw_store_be32(filler, 1);
    for (guint stuck = 0, i = 0; stuck < 50 && i < 5000; i++) {
        g_autoptr(GByteArray) one = g_byte_array_new();
        g_autoptr(GByteArray) payload = g_byte_array_append(g_byte_array_new(), filler, 8);
        gsize sent = 0;
        guint open_files;

        append_frame(one, RPC_TYPE_REPLY_WITH_FDS, PASSING, i, payload);
        while (stuck < 50 && sent < one->len) {
            stuck = send_some(proxy->backend, one->data, one->len, &sent) ? 0 : stuck + 1;
            proxy_turn(proxy);
        }
        while (stuck < 50 && !proxy_send_fd(proxy->backend, fd)) {
            stuck++;
            proxy_turn(proxy);
        }
        open_files = count_open_files();
        most = MAX(most, open_files);
    }
    close(fd);
    g_test_message("%u descriptors more than before at most", most - before);
    g_assert_cmpuint(most - before, <=, REMOTE_CLIENT_FDS_MAX + 2);
    g_assert_cmpuint(user->fds, <=, REMOTE_CLIENT_FDS_MAX);
    g_assert_cmpuint(user->fds, >, 0); /* the share was used up */
}

/* Runs the main loop until a timer that began later than that of remote_user_lacks_room() has expired. */
static gboolean set_true(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static void wait_reclaimed(Proxy *proxy)
{
    gboolean has_run = FALSE;

    g_timeout_add(20, set_true, &has_run);
    while (!has_run)
        g_main_context_iteration(NULL, TRUE);
    proxy_turn(proxy);
}

/* Sends the beginning of a call, up to this many bytes. */
static GByteArray *beginning(gsize announced, gsize length)
{
    RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = DEFINE, .serial = 1 };
    GByteArray *frame = rpc_frame_new(&header, NULL, 0);
    g_autofree char *text = g_strnfill(length, 'x');

    ccw_store_be32(frame->data, (guint32)announced);
    g_byte_array_append(frame, (const guint8 *)text, (guint)length - RPC_FRAME_HEAD);
    return frame;
}

/*
 * A frame whose end does not arrive is charged for the bytes that have arrived. tear_down() checks that the user's
 * whole share is free again.
 */
static void unfinished(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = beginning(4 * 1024 * 1024, 1024 * 1024);

    g_assert_cmpint(send(proxy->client, frame->data, RPC_FRAME_HEAD, MSG_NOSIGNAL), ==, RPC_FRAME_HEAD);
    proxy_turn(proxy);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_byte_array_remove_range(frame, 0, RPC_FRAME_HEAD);
    proxy_send_all(proxy, proxy->client, frame);
    proxy_turn(proxy);
    g_assert_cmpuint(user->bytes, ==, frame->len);
    proxy_hang_up(&proxy->client);
    proxy_wait_ended(proxy);
}

/*
 * A call that does not fit in its user's share gets an error, and virtccwd serves the calls after it on the connection.
 */
static void big_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    g_autoptr(GByteArray) xml = payload_string(text);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_auto(Frame) frame = { 0 };
    gsize sent = 0;

    remote_user_charge(user, 6 * 1024 * 1024, 0);
    append_frame(stream, RPC_TYPE_CALL, DEFINE, 1, xml);
    append_frame(stream, RPC_TYPE_CALL, PASSING, 2, NULL);
    while (sent < stream->len) {
        send_some(proxy->client, stream->data, stream->len, &sent);
        proxy_turn(proxy);
        g_assert_cmpuint(user->bytes, <, 7 * 1024 * 1024);
    }
    proxy_expect_error(proxy, 1, DEFINE, VIR_ERR_RPC, "has no room");
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(frame.header.procedure, ==, PASSING);
    remote_user_charge(user, -6 * 1024 * 1024, 0);
}

/* A client may be slow with a frame as long as other users have memory left. After that, its connection ends. */
static void holder(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) frame = beginning(4 * 1024 * 1024, 1024 * 1024);
    RemoteUser *other = remote_limits_add_client(limits, 1001, NULL);
    RemoteUser *root = remote_limits_add_client(limits, 0, NULL);

    proxy_send_all(proxy, proxy->client, frame);
    proxy_turn(proxy);
    remote_limits_pass_time(limits, SHORT_OF_STALL_TIME);
    remote_user_lacks_room(root, 1);
    wait_reclaimed(proxy);
    g_assert_nonnull(proxy->connection);
    remote_limits_pass_time(limits, REST_OF_STALL_TIME);
    remote_user_lacks_room(other, 16 * 1024 * 1024); /* more than that user may have */
    wait_reclaimed(proxy);
    g_assert_nonnull(proxy->connection);
    remote_user_lacks_room(other, 4096);
    proxy_wait_ended(proxy);
    remote_user_remove_client(other);
    remote_user_remove_client(root);
}

/* The same for a client that does not read. */
static void unread(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autofree char *text = g_strnfill(512 * 1024, 'x');
    g_autoptr(GByteArray) payload = payload_string(text);

    append_frame(message, RPC_TYPE_MESSAGE, PASSING, 0, payload);
    send_until_stuck(proxy, proxy->backend, message);
    g_assert_cmpuint(user->bytes, >, 0);
    remote_limits_pass_time(limits, SHORT_OF_STALL_TIME);
    remote_user_lacks_room(user, 8 * 1024 * 1024);
    wait_reclaimed(proxy);
    g_assert_nonnull(proxy->connection);
    remote_limits_pass_time(limits, REST_OF_STALL_TIME);
    remote_user_lacks_room(user, 8 * 1024 * 1024);
    proxy_wait_ended(proxy);
}

/*
 * virtccwd does not hold a name that is too long for a node device: it passes the beginning on before the end arrives.
 */
static void long_name(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = LOOKUP_NODE, .serial = 1 };
    g_autofree char *text = g_strnfill(60 * 1024, 'x');
    g_autoptr(GByteArray) name = payload_string(text);
    g_autoptr(GByteArray) call = rpc_frame_new(&header, name->data, name->len);
    guint8 head[RPC_FRAME_HEAD];

    g_assert_cmpint(send(proxy->client, call->data, call->len / 2, MSG_NOSIGNAL), ==, call->len / 2);
    proxy_turn(proxy);
    g_assert_cmpuint(user->bytes, ==, 0);
    g_assert_cmpint(recv(proxy->backend, head, sizeof(head), 0), ==, sizeof(head));
    g_assert_cmpmem(head, sizeof(head), call->data, sizeof(head));
}

/* A call that fitted when it began gets an error, too, and virtccwd goes on serving its client. */
static void growing_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const gsize length = 3 * 1024 * 1024;
    g_autoptr(GByteArray) stream = beginning(length, length);
    g_auto(Frame) frame = { 0 };
    gsize sent = 0;

    append_frame(stream, RPC_TYPE_CALL, PASSING, 2, NULL);
    while (sent < length / 2) {
        send_some(proxy->client, stream->data, length / 2, &sent);
        proxy_turn(proxy);
    }
    g_assert_cmpuint(user->bytes, ==, length / 2 - RPC_FRAME_HEAD);
    remote_user_charge(user, 6 * 1024 * 1024, 0);
    while (sent < stream->len) {
        send_some(proxy->client, stream->data, stream->len, &sent);
        proxy_turn(proxy);
        g_assert_cmpuint(user->bytes, <=, 8 * 1024 * 1024);
    }
    g_assert_cmpuint(user->bytes, ==, 6 * 1024 * 1024);
    proxy_expect_error(proxy, 1, DEFINE, VIR_ERR_RPC, "has no room");
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(frame.header.procedure, ==, PASSING);
    remote_user_charge(user, -6 * 1024 * 1024, 0);
}

/* A reply that does not fit is replaced by an error. A later reply that fits is passed on. */
static void big_reply(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    g_autoptr(GByteArray) xml = payload_string(text);

    for (guint full = 0; full < 2; full++) {
        g_autoptr(GByteArray) stream = g_byte_array_new();
        g_auto(Frame) call = { 0 };
        gsize sent = 0;

        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, GET_XML_DESC, full, RPC_STATUS_OK, NULL);
        call = proxy_receive(proxy, proxy->backend);
        append_frame(stream, RPC_TYPE_REPLY, GET_XML_DESC, full, xml);
        remote_user_charge(user, full * 6 * 1024 * 1024, 0);
        if (full) {
            send_until_stuck(proxy, proxy->backend, stream);
            proxy_expect_error(proxy, full, GET_XML_DESC, VIR_ERR_RPC, "has no room");
        } else {
            g_autoptr(GByteArray) got = g_byte_array_new();

            while (got->len < stream->len) {
                guint8 buffer[65536];
                ssize_t n;

                if (sent < stream->len)
                    send_some(proxy->backend, stream->data, stream->len, &sent);
                proxy_turn(proxy);
                n = recv(proxy->client, buffer, sizeof(buffer), MSG_DONTWAIT);
                if (n > 0)
                    g_byte_array_append(got, buffer, (guint)n);
            }
            g_assert_cmpmem(got->data, got->len, stream->data, stream->len);
        }
        remote_user_charge(user, (gssize)full * -6 * 1024 * 1024, 0);
    }
}

#define CALLS 1000u /* virtccwd answers these by itself: "not open" */
#define CROWD 20u
#define AT_ONCE 8u /* from one connection, in a turn of its events, and again in a turn of waiting calls */
#define BUDGET 64u /* from all connections together; each has one more */

static void set_up_guest(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    RemoteClientProcess *process = g_new0(RemoteClientProcess, 1);

    process->uid = 1000;
    limits = remote_limits_new(NULL, 65536, 0, 100, 0, 20);
    user = remote_limits_add_client(limits, 1000, NULL);
    proxy->user = user;
    proxy_set_up_as(proxy, process);
}

/* libvirt accepts virtccwd's connection. */
static void greet(Proxy *proxy, int backend)
{
    g_autoptr(GByteArray) types = g_byte_array_new();
    guint8 call[RPC_FRAME_HEAD];
    RpcHeader header;

    g_assert_cmpint(recv(backend, call, sizeof(call), 0), ==, sizeof(call));
    g_assert_true(rpc_header_decode(call, &header, NULL));
    rpc_xdr_write_u32(types, 1);
    rpc_xdr_write_u32(types, 0);
    proxy_send(proxy, backend, RPC_TYPE_REPLY, AUTH_LIST, header.serial, RPC_STATUS_OK, types);
    proxy_turn(proxy);
}

static void send_calls(int client)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    for (guint i = 0; i < CALLS; i++)
        append_frame(stream, RPC_TYPE_CALL, PASSING, i, NULL);
    g_assert_cmpint(send(client, stream->data, stream->len, MSG_NOSIGNAL), ==, stream->len);
}

/* Returns the number of complete frames that arrived. Their serials are consecutive. */
static guint count_answers(int client, GByteArray *stream, guint *ret_next)
{
    guint8 buffer[65536];
    RpcHeader header;
    guint count = 0;
    ssize_t n;

    while ((n = recv(client, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
        g_byte_array_append(stream, buffer, (guint)n);
    while (stream->len >= RPC_FRAME_HEAD) {
        g_assert_true(rpc_header_decode(stream->data, &header, NULL));
        if (header.length > stream->len)
            break;
        g_assert_cmpuint(header.serial, ==, *ret_next);
        g_assert_cmpuint(header.status, ==, RPC_STATUS_ERROR);
        g_byte_array_remove_range(stream, 0, header.length);
        (*ret_next)++;
        count++;
    }
    return count;
}

/* Calls that virtccwd answers by itself do not keep the main loop from other clients, and all of them get an answer. */
static void answers(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint next = 0;
    guint most = 0;

    greet(proxy, proxy->backend);
    send_calls(proxy->client);
    while (g_main_context_iteration(NULL, FALSE)) {
        guint now = count_answers(proxy->client, stream, &next);

        most = MAX(most, now);
    }
    g_test_message("%u answers in one turn at most", most);
    g_assert_cmpuint(next, ==, CALLS);
    g_assert_cmpuint(most, <=, 2 * AT_ONCE);
}

/*
 * A long call before the connection is open is rejected by its header, CONNECT_OPEN too, and later calls get an answer.
 */
static void early(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const gint32 procedures[] = { PASSING, OPEN };
    g_autofree char *text = g_strnfill(1024 * 1024, 'x');
    g_autoptr(GByteArray) payload = payload_string(text);

    greet(proxy, proxy->backend);
    for (guint i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = g_byte_array_new();

        append_frame(call, RPC_TYPE_CALL, procedures[i], i, payload);
        g_assert_cmpint(send(proxy->client, call->data, RPC_FRAME_HEAD, MSG_NOSIGNAL), ==, RPC_FRAME_HEAD);
        proxy_expect_error(proxy, i, procedures[i], VIR_ERR_INTERNAL_ERROR, i == 0 ? "not open" : "shorten the URI");
        g_byte_array_remove_range(call, 0, RPC_FRAME_HEAD);
        proxy_send_all(proxy, proxy->client, call);
        g_assert_cmpuint(user->bytes, ==, 0);
    }
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, PASSING, 2, RPC_STATUS_OK, NULL);
    proxy_expect_error(proxy, 2, PASSING, VIR_ERR_INTERNAL_ERROR, "not open");
}

static void on_crowd_ended(RemoteConnection *connection G_GNUC_UNUSED, gpointer data)
{
    --*(guint *)data;
}

/* The same for many connections of one user: they share a budget. */
static void answers_of_many(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    GByteArray *streams[CROWD];
    int client[CROWD][2], backend[CROWD][2];
    guint next[CROWD] = { 0 };
    guint left = CROWD;
    guint all = 0;
    guint most = 0;

    greet(proxy, proxy->backend);
    for (guint i = 0; i < CROWD; i++) {
        RemoteClientProcess *process = g_new0(RemoteClientProcess, 1);

        process->uid = 1000;
        streams[i] = g_byte_array_new();
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, client[i]), ==, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, backend[i]), ==, 0);
        remote_connection_start(remote_connection_new(&proxy->services, &remote_relay_ops, client[i][1], backend[i][1],
                                                      process, on_crowd_ended, &left),
                                user);
        greet(proxy, backend[i][0]);
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
    proxy_turn(proxy);
    g_assert_cmpuint(left, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/bounds/" name, Proxy, NULL, set_up, func, tear_down)
    ADD("calls", calls);
    ADD("sent-call", sent_call);
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
#define ADD(name, func) g_test_add("/remote/bounds/" name, Proxy, NULL, set_up_guest, func, tear_down)
    ADD("early", early);
    ADD("answers", answers);
    ADD("answers-of-many", answers_of_many);
    return g_test_run();
}
