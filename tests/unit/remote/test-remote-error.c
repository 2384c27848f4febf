/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors in libvirt's protocol, and rejected clients. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "procedures.h"
#include "remote/payload.h"
#include "remote/reject.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"

static const RpcHeader call = {
    .program = RPC_PROGRAM_REMOTE,
    .version = 1,
    .procedure = ATTACH,
    .type = RPC_TYPE_CALL,
    .serial = 42,
};

static void decode_frame(GByteArray *frame, RpcHeader *header, RpcError *error)
{
    g_assert_true(rpc_header_decode(frame->data, header, NULL));
    g_assert_cmpuint(header->length, ==, frame->len);
    g_assert_true(rpc_error_decode(error, frame->data + RPC_FRAME_HEAD, frame->len - RPC_FRAME_HEAD));
    g_assert_true(
        remote_payload_matches(remote_error_fields, frame->data + RPC_FRAME_HEAD, frame->len - RPC_FRAME_HEAD));
}

static void round_trip(void)
{
    g_autoptr(GByteArray) frame = rpc_error_reply(&call, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "devno '0xg'");
    RpcHeader header;
    RpcError error;

    decode_frame(frame, &header, &error);
    g_assert_cmpint(header.procedure, ==, ATTACH);
    g_assert_cmpuint(header.serial, ==, 42);
    g_assert_cmpuint(header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpuint(header.status, ==, RPC_STATUS_ERROR);
    g_assert_cmpint(error.code, ==, VIR_ERR_XML_ERROR);
    g_assert_cmpint(error.domain, ==, VIR_FROM_DOMAIN);
    g_assert_cmpstr(error.message, ==, "XML error: devno '0xg'");
    g_assert_true(g_str_has_prefix(error.str[0], "XML error: %"));
    g_assert_cmpstr(error.str[1], ==, "devno '0xg'");
    g_assert_null(error.str[2]);
    g_assert_true(rpc_error_mentions(&error, "0xg"));
    g_assert_false(rpc_error_mentions(&error, "0xh"));
    rpc_error_clear(&error);
}

static void keep_quiet(void *data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

/* The placeholder has the same form in our messages and in those of the installed libvirt. */
static void placeholder(void)
{
    g_autoptr(GByteArray) frame = rpc_error_reply(&call, VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, "text");
    g_autoptr(GByteArray) bare = rpc_error_reply(&call, VIR_ERR_RPC, VIR_FROM_RPC, "text");
    RpcHeader header;
    RpcError error;
    virErrorPtr stock;

    virSetErrorFunc(NULL, keep_quiet);
    g_assert_null(virDomainGetName(NULL));
    stock = virGetLastError();
    g_assert_true(stock && stock->str1);
    g_test_message("%s", stock->str1);
    decode_frame(frame, &header, &error);
    g_assert_cmpstr(strchr(stock->str1, '%'), ==, strchr(error.str[0], '%'));
    rpc_error_clear(&error);
    decode_frame(bare, &header, &error);
    g_assert_cmpstr(error.str[0], ==, "%s");
    rpc_error_clear(&error);
}

#define COMMAND                                                                                                        \
    "internal error: Child process (LC_ALL=C PATH=/usr/bin /etc/libvirt/hooks/qemu.d/libvirt-ccw one prepare begin "   \
    "-) unexpected exit status 1: "

/* The reason of a failed start comes before libvirt's text, or replaces it. */
static void hook_reason(void)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        { "Hook script execution failed: " COMMAND "virt-ccw hook: error: ccw device 0.0.1234 is boxed\n",
          "Hook script execution failed: ccw device 0.0.1234 is boxed" },
        { COMMAND "virt-ccw hook: error: it is boxed", "it is boxed" },
        { "Hook script execution failed: " COMMAND "another hook's words", NULL },
        { "Hook script execution failed: %s", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *reason = rpc_error_hook_reason(rows[i].text);

        g_assert_cmpstr(reason, ==, rows[i].reason);
    }
}

static void truncated(void)
{
    g_autoptr(GByteArray) frame = rpc_error_reply(&call, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "text");
    RpcError error;

    /* all fields up to str3 are required; the rest is not read */
    for (gsize length = 0; length < frame->len - RPC_FRAME_HEAD - 12; length++)
        g_assert_false(rpc_error_decode(&error, frame->data + RPC_FRAME_HEAD, length));
}

static void codes(void)
{
    static const struct {
        CcwError ours;
        gint32 code;
        const char *message;
    } rows[] = {
        { CCW_ERROR_INVALID, VIR_ERR_XML_ERROR, "XML error: it" },
        { CCW_ERROR_NOT_FOUND, VIR_ERR_DEVICE_MISSING, "device not found: it" },
        { CCW_ERROR_BUSY, VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: it" },
        { CCW_ERROR_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: it" },
        { CCW_ERROR_SYSTEM, VIR_ERR_OPERATION_FAILED, "operation failed: it" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) ours = g_error_new(CCW_ERROR, (gint)rows[i].ours, "it");
        g_autoptr(GByteArray) frame = rpc_error_reply_for(&call, ours);
        RpcHeader header;
        RpcError error;

        decode_frame(frame, &header, &error);
        g_assert_cmpint(error.code, ==, rows[i].code);
        g_assert_cmpstr(error.message, ==, rows[i].message);
        rpc_error_clear(&error);
    }
}

/* Longer than a string of the protocol, and not UTF-8. */
static void hostile_message(void)
{
    g_autofree char *text = g_strnfill(2 * RPC_XDR_STRING_MAX, 'x');
    g_autoptr(GByteArray) frame = NULL;
    RpcHeader header;
    RpcError error;

    text[0] = '\377';
    frame = rpc_error_reply(&call, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, text);
    decode_frame(frame, &header, &error);
    g_assert_true(g_utf8_validate(error.message, -1, NULL));
    rpc_error_clear(&error);
}

static GByteArray *rejected_answer(const guint8 *bytes, gsize length)
{
    g_autoptr(RpcPoll) poll = rpc_poll_new(NULL, NULL);
    GByteArray *answer = g_byte_array_new();
    guint8 buffer[4096];
    ssize_t n;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    remote_reject(poll, NULL, 0, fds[1], VIR_ERR_AUTH_FAILED, "root only");
    for (gsize i = 0; i < length; i++) {
        g_assert_cmpint(send(fds[0], bytes + i, 1, MSG_NOSIGNAL), ==, 1);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    n = recv(fds[0], buffer, sizeof(buffer), 0);
    if (n > 0)
        g_byte_array_append(answer, buffer, (guint)n);
    shutdown(fds[0], SHUT_WR);
    while (n != 0) {
        while (g_main_context_iteration(NULL, FALSE))
            ;
        n = recv(fds[0], buffer, sizeof(buffer), 0); /* then the connection is closed */
    }
    close(fds[0]);
    return answer;
}

static void rejected(void)
{
    g_autoptr(GByteArray) frame = rpc_frame_new(&call, (const guint8 *)"payload!", 8);
    g_autoptr(GByteArray) answer = rejected_answer(frame->data, frame->len);
    RpcHeader header;
    RpcError error;

    decode_frame(answer, &header, &error);
    g_assert_cmpuint(header.serial, ==, 42);
    g_assert_cmpint(error.code, ==, VIR_ERR_AUTH_FAILED);
    g_assert_cmpstr(error.message, ==, "authentication failed: root only");
    rpc_error_clear(&error);
}

static void rejected_silence(void)
{
    g_autoptr(GByteArray) answer = rejected_answer((const guint8 *)"\0\0\0", 3);

    g_assert_cmpuint(answer->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/error/round-trip", round_trip);
    g_test_add_func("/remote/error/placeholder", placeholder);
    g_test_add_func("/remote/error/truncated", truncated);
    g_test_add_func("/remote/error/hook-reason", hook_reason);
    g_test_add_func("/remote/error/codes", codes);
    g_test_add_func("/remote/error/hostile-message", hostile_message);
    g_test_add_func("/remote/rejection/answered", rejected);
    g_test_add_func("/remote/rejection/silence", rejected_silence);
    return g_test_run();
}
