/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that pass unchanged, frames that are rewritten, and a side that leaves or does not read. */
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy-fixture.h"
#include "rpc/wire.h"
#include "util/endian.h"

#define OURS                                                                                                           \
    "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source>"                    \
    "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0005'/></hostdev>"
#define UUID "cc390000-0001-8000-8000-000000001234"

static char *domain_xml(const char *hostdev)
{
    return g_strdup_printf(
        "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices>%s</devices></domain>", hostdev);
}

static void assert_untouched(Proxy *proxy, int from, int to, guint32 type, gint32 procedure, const GByteArray *payload)
{
    static guint32 serial;
    g_auto(Frame) frame = { 0 };

    proxy_send(proxy, from, type, procedure, ++serial, RPC_STATUS_OK, payload);
    frame = proxy_receive(proxy, to);
    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.type, ==, type);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, payload->data, payload->len);
}

static void untouched(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *xml = domain_xml(OURS);
    g_autoptr(GByteArray) ours = payload_string(xml);
    g_autoptr(GByteArray) other = payload_string("<domain><name>x</name></domain>");
    g_autoptr(GByteArray) torn = payload_string("<domain type='ccw'>" UUID);
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_CALL, CREATE, ours); /* not in the table */
    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_CALL, 99999, ours);
    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_STREAM, DEFINE, ours);
    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_CALL, DEFINE, other);
    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_CALL, DEFINE, torn);    /* not well-formed */
    assert_untouched(proxy, proxy->client, proxy->backend, RPC_TYPE_CALL, DEFINE, nothing); /* not a string */
    assert_untouched(proxy, proxy->backend, proxy->client, RPC_TYPE_MESSAGE, DEVICE_REMOVED, ours);
    assert_untouched(proxy, proxy->backend, proxy->client, RPC_TYPE_REPLY, GET_XML_DESC, other);
    assert_untouched(proxy, proxy->backend, proxy->client, RPC_TYPE_REPLY, CREATE, nothing);
}

static void define_and_dump(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *xml = domain_xml(OURS);
    g_autoptr(GByteArray) define = payload_string(xml);
    g_autoptr(GByteArray) dump = NULL;
    g_autofree char *lowered = NULL;
    g_autofree char *raised = NULL;
    g_auto(Frame) call = { 0 };
    g_auto(Frame) reply = { 0 };

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, DEFINE, 1, RPC_STATUS_OK, define);
    call = proxy_receive(proxy, proxy->backend);
    lowered = payload_read_string(&call);
    g_assert_nonnull(strstr(lowered, "type='mdev'"));
    g_assert_nonnull(strstr(lowered, UUID));
    g_assert_null(strstr(lowered, "0x1234"));
    dump = payload_string(lowered);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_XML_DESC, 2, RPC_STATUS_OK, dump);
    reply = proxy_receive(proxy, proxy->client);
    raised = payload_read_string(&reply);
    g_assert_nonnull(strstr(raised, "type='ccw'"));
    g_assert_nonnull(strstr(raised, "devno='0x1234'"));
    g_assert_null(strstr(raised, UUID));
}

static void invalid(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *xml = domain_xml("<hostdev mode='subsystem' type='ccw'><source><address cssid='0xff' "
                                      "devno='0x1234'/></source></hostdev>");
    g_autoptr(GByteArray) define = payload_string(xml);
    g_auto(Frame) reply = { 0 };
    g_autofree char *message = NULL;
    gint32 code;

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, DEFINE, 77, RPC_STATUS_OK, define);
    reply = proxy_receive(proxy, proxy->client);
    message = payload_read_error(&reply, &code);
    g_assert_cmpint(code, ==, VIR_ERR_XML_ERROR);
    g_assert_cmpuint(reply.header.serial, ==, 77);
    g_assert_cmpint(reply.header.procedure, ==, DEFINE);
    g_assert_nonnull(strstr(message, "0xff"));
    proxy_assert_quiet(proxy, proxy->backend);
}

static void error_text(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_OPERATION_INVALID, "mediated device " UUID " is in use");
    g_auto(Frame) reply = { 0 };
    g_autofree char *message = NULL;
    gint32 code;

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, CREATE, 3, RPC_STATUS_ERROR, error);
    reply = proxy_receive(proxy, proxy->client);
    message = payload_read_error(&reply, &code);
    g_assert_cmpint(code, ==, VIR_ERR_OPERATION_INVALID);
    g_assert_null(strstr(message, UUID));
    g_assert_nonnull(strstr(message, "0.0.1234"));
}

/* When our hook rejects a start, the client's error has the reason, not the hook's command line. */
static void rejected_by_hook(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_HOOK_SCRIPT_FAILED,
                                                "Hook script execution failed: internal error: Child process (LC_ALL=C "
                                                "/etc/libvirt/hooks/qemu.d/libvirt-ccw one prepare begin -) unexpected "
                                                "exit status 1: virt-ccw hook: error: ccw device 0.0.1234 is boxed\n");
    g_auto(Frame) reply = { 0 };
    g_autofree char *message = NULL;
    gint32 code;

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, CREATE, 3, RPC_STATUS_ERROR, error);
    reply = proxy_receive(proxy, proxy->client);
    message = payload_read_error(&reply, &code);
    g_assert_cmpint(code, ==, VIR_ERR_HOOK_SCRIPT_FAILED);
    g_assert_cmpstr(message, ==, "Hook script execution failed: ccw device 0.0.1234 is boxed");
}

/* After a start failed, its devices may have to be released, whatever the call was. */
static void failed_start(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        guint changed; /* of all calls up to this one */
    } calls[] = {
        { CREATE, 1 },
        { CREATE_XML, 2 },
        { DEFINE, 2 },
        { DESTROY, 2 },
        { RESTORE, 3 },
        { REVERT_TO_SNAPSHOT, 4 },
        { CREATE_WITH_FLAGS, 5 },
        { RESTORE_FLAGS, 6 },
        { CREATE_XML_WITH_FILES, 7 },
        { CREATE_WITH_FILES, 8 },
        { RESTORE_PARAMS, 9 },
        { SAVE_FLAGS, 9 },
    };
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_OPERATION_FAILED, "Hook script execution failed");

    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_auto(Frame) reply = { 0 };

        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, calls[i].procedure, 3, RPC_STATUS_ERROR, error);
        reply = proxy_receive(proxy, proxy->client);
        g_assert_cmpint(reply.header.procedure, ==, calls[i].procedure);
        g_assert_cmpuint(proxy->changed, ==, calls[i].changed);
    }
}

/* A stream that libvirt ends with an error, and other frames with that status. */
static void stream_error(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_OPERATION_FAILED, "mediated device " UUID " went away");
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    g_auto(Frame) reply = { 0 };
    g_autofree char *message = NULL;
    gint32 code;

    proxy_send(proxy, proxy->backend, RPC_TYPE_STREAM, 201, 3, RPC_STATUS_ERROR, error);
    reply = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(reply.header.type, ==, RPC_TYPE_STREAM);
    g_assert_cmpuint(reply.header.serial, ==, 3);
    message = payload_read_error(&reply, &code);
    g_assert_nonnull(strstr(message, "ccw device 0.0.1234 went away"));
    proxy_send(proxy, proxy->backend, RPC_TYPE_STREAM, 201, 3, RPC_STATUS_ERROR, nothing);
    frame_clear(&reply);
    reply = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(reply.payload->len, ==, 0);
}

/* The longest frame that libvirt accepts passes unread. A frame with one byte more ends the connection. */
static void longest_frame(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree guint8 *chunk = g_malloc0(65536);
    RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = CREATE, .serial = 8 };
    g_autoptr(GByteArray) head = rpc_frame_new(&header, NULL, 0);
    gsize sent = RPC_FRAME_HEAD;
    gsize received = 0;

    ccw_store_be32(head->data, RPC_FRAME_MAX);
    g_assert_cmpint(send(proxy->client, head->data, head->len, 0), ==, head->len);
    while (received < RPC_FRAME_MAX) {
        ssize_t n =
            sent < RPC_FRAME_MAX ? send(proxy->client, chunk, MIN(65536, RPC_FRAME_MAX - sent), MSG_NOSIGNAL) : 0;

        sent += n > 0 ? (gsize)n : 0;
        proxy_turn(proxy);
        n = recv(proxy->backend, chunk, 65536, 0);
        received += n > 0 ? (gsize)n : 0;
        memset(chunk, 0, RPC_FRAME_HEAD);
    }
    g_assert_cmpuint(received, ==, RPC_FRAME_MAX);
    ccw_store_be32(head->data, RPC_FRAME_MAX + 1);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "a client broke the protocol: a frame of *");
    g_assert_cmpint(send(proxy->client, head->data, head->len, 0), ==, head->len);
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
}

static void big_frame(Proxy *proxy, gint32 procedure)
{
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    g_autoptr(GByteArray) payload = payload_string(text);
    g_auto(Frame) frame = { 0 };
    gsize sent = 0;
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = procedure, .serial = 8 };
    g_autoptr(GByteArray) bytes = rpc_frame_new(&header, payload->data, payload->len);

    /* The other end reads nothing: after some time this end is not read either. */
    for (guint idle = 0; idle < 3 && sent < bytes->len;) {
        ssize_t n = send(proxy->client, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);

        proxy_turn(proxy);
        idle = n < 0 ? idle + 1 : 0;
        sent += n < 0 ? 0 : (gsize)n;
    }
    if (procedure == CREATE)
        g_assert_cmpuint(sent, <, 2 * 1024 * 1024);
    while (sent < bytes->len) {
        guint8 peek;
        ssize_t n = send(proxy->client, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);

        sent += n < 0 ? 0 : (gsize)n;
        proxy_turn(proxy);
        if (n < 0 && recv(proxy->backend, &peek, 1, MSG_PEEK) == 1)
            break;
    }
    if (sent < bytes->len) {
        /* Read and write in turns from here on. */
        g_autofree guint8 *got = g_malloc(bytes->len);
        gsize have = 0;

        while (have < bytes->len) {
            ssize_t n = recv(proxy->backend, got + have, bytes->len - have, 0);

            have += n > 0 ? (gsize)n : 0;
            n = sent < bytes->len ? send(proxy->client, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL) : 0;
            sent += n > 0 ? (gsize)n : 0;
            proxy_turn(proxy);
        }
        g_assert_cmpint(memcmp(got, bytes->data, bytes->len), ==, 0);
        return;
    }
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpuint(frame.payload->len, ==, payload->len);
    g_assert_cmpint(memcmp(frame.payload->data, payload->data, payload->len), ==, 0);
}

/* libvirt closes the connection while the client's call is on its way: the client's connection is closed, too. */
static void hang_up_meets_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CREATE, 1, RPC_STATUS_OK, NULL);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
}

static void back_pressure(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    big_frame(proxy, CREATE);
}

static void big_table_frame(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    big_frame(proxy, DEFINE);
}

/* Two descriptors after a call, and a frame after them: all arrive in order. */
static void descriptors(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) counted = g_byte_array_append(g_byte_array_new(), (const guint8 *)"\0\0\0\2data", 8);
    g_auto(Frame) first = { 0 };
    g_auto(Frame) second = { 0 };
    int pipes[2];
    char byte = 'p';

    g_assert_cmpint(pipe(pipes), ==, 0);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL_WITH_FDS, CREATE_XML_WITH_FILES, 1, RPC_STATUS_OK, counted);
    g_assert_true(proxy_send_fd(proxy->client, pipes[1]));
    g_assert_true(proxy_send_fd(proxy->client, pipes[1]));
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CREATE, 2, RPC_STATUS_OK, NULL);
    close(pipes[1]);
    proxy_turn(proxy);
    first = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(first.header.procedure, ==, CREATE_XML_WITH_FILES);
    for (guint i = 0; i < 2; i++) {
        int fd = proxy_receive_fd(proxy->backend);

        g_assert_cmpint(write(fd, &byte, 1), ==, 1);
        close(fd);
    }
    second = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(second.header.procedure, ==, CREATE);
    g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
    g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
    g_assert_cmpint(read(pipes[0], &byte, 1), ==, 0); /* no other descriptor of the pipe is open */
    close(pipes[0]);
}

static void client_leaves(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) last = { 0 };
    guint8 byte;

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CLOSE, 1, RPC_STATUS_OK, NULL);
    proxy_hang_up(&proxy->client);
    proxy_wait_ended(proxy);
    last = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(last.header.procedure, ==, CLOSE);
    g_assert_cmpint(recv(proxy->backend, &byte, 1, 0), ==, 0);
}

static void backend_leaves(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) last = { 0 };
    guint8 byte;

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, CREATE, 1, RPC_STATUS_OK, NULL);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    last = proxy_receive(proxy, proxy->client);
    g_assert_cmpint(last.header.procedure, ==, CREATE);
    g_assert_cmpint(recv(proxy->client, &byte, 1, 0), ==, 0);
}

static void hostile_client(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "a client broke the protocol: a frame of 3 bytes*");
    g_assert_cmpint(send(proxy->client, "\0\0\0\3................................", 32, 0), ==, 32);
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
}

/* virtccwd does not trust libvirt's side more: it closes the connection, and other connections are not affected. */
static void hostile_backend(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    guint8 byte;

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "libvirt broke the protocol: a frame of 4294967295 bytes*");
    g_assert_cmpint(send(proxy->backend, "\377\377\377\377............................", 32, 0), ==, 32);
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
    g_assert_cmpint(recv(proxy->client, &byte, 1, 0), ==, 0);
}

/* A frame that is cut off, by the end of either side, reaches the other side up to there. */
static void cut_off(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = payload_string("<domain/>");
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = DEFINE, .serial = 8 };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, call->data, call->len);
    guint8 byte;

    g_assert_cmpint(send(proxy->client, frame->data, frame->len - 4, 0), ==, frame->len - 4);
    /* The procedure is in the table: virtccwd holds the frame until it is complete. */
    proxy_assert_quiet(proxy, proxy->backend);
    proxy_hang_up(&proxy->client);
    proxy_wait_ended(proxy);
    g_assert_cmpint(recv(proxy->backend, &byte, 1, 0), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/relay/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)
    ADD("untouched", untouched);
    ADD("define-and-dump", define_and_dump);
    ADD("invalid", invalid);
    ADD("error-text", error_text);
    ADD("failed-start", failed_start);
    ADD("rejected-by-hook", rejected_by_hook);
    ADD("back-pressure", back_pressure);
    ADD("hang-up-meets-call", hang_up_meets_call);
    ADD("big-table-frame", big_table_frame);
    ADD("descriptors", descriptors);
    ADD("client-leaves", client_leaves);
    ADD("backend-leaves", backend_leaves);
    ADD("hostile-client", hostile_client);
    ADD("hostile-backend", hostile_backend);
    ADD("cut-off", cut_off);
    ADD("stream-error", stream_error);
    ADD("longest-frame", longest_frame);
    return g_test_run();
}
