/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes a peer of the proxy: its stream is divided into frames, and every frame that has a row in the table is
 * rewritten by it, as a call and as a reply, with the real lower and raise. Input: a kind (one byte) and
 *
 *     0   where to cut the stream (one byte), then the stream
 *     1   a row of the table (one byte), then the payload of its call and reply
 *     2   the XML of an attach
 *     3   the payload of an error
 */
#include <unistd.h>

#include "remote/call.h"
#include "remote/procedures.h"
#include "remote/relay-xml.h"
#include "rpc/inbox.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static RpcInboxHandling on_header(const RpcHeader *header, gpointer data G_GNUC_UNUSED)
{
    return remote_procedure_lookup(header->program, header->procedure) || header->status == RPC_STATUS_ERROR
               ? RPC_INBOX_HOLD
               : RPC_INBOX_PASS;
}

static void on_pass(const guint8 *bytes G_GNUC_UNUSED, gsize length, gpointer data)
{
    *(gsize *)data += length;
}

static void on_pass_fd(int fd, gpointer data G_GNUC_UNUSED)
{
    close(fd);
}

static void on_boundary(gpointer data G_GNUC_UNUSED)
{
}

/* The result must fit its row as the input did, so that libvirt understands it. */
static void check(const RpcHeader *header, const RemoteField *fields, const guint8 *payload, gsize length,
                  const GByteArray *frame)
{
    const guint head = RPC_FRAME_HEAD + (rpc_header_has_fds(header) ? 4 : 0);

    if (remote_payload_matches(fields, payload, length) &&
        !remote_payload_matches(fields, frame->data + head, frame->len - head))
        g_error("a payload of %zu bytes does not fit its row any more", length);
}

/* Rewrites a call: lowered as the relay does it, and as for a domain whose feature is off. */
static void decode_call(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload, gsize length)
{
    static const ConfMapCss off = CONF_MAP_CSS_OFF;
    RemoteCall *call = remote_call_new(procedure, header, payload, length, NULL, NULL);

    remote_call_decode(call);
    if (!call->error)
        check(header, procedure->call, payload, length, remote_call_frame(call));
    if (call->hostdevs && remote_call_lower(call, &off, NULL))
        check(header, procedure->call, payload, length, remote_call_frame(call));
    remote_call_free(call);
}

static gboolean on_frame(const RpcHeader *header, const guint8 *payload, gsize length, GArray *fds G_GNUC_UNUSED,
                         gpointer data G_GNUC_UNUSED)
{
    const RemoteProcedure *procedure = remote_procedure_lookup(header->program, header->procedure);
    g_autoptr(GByteArray) raised = remote_relay_raise(procedure, header, payload, length);
    RpcError error;

    if (procedure) {
        decode_call(procedure, header, payload, length);
        if (header->status != RPC_STATUS_ERROR)
            check(header, procedure->reply, payload, length, raised);
    }
    if (rpc_error_decode(&error, payload, length))
        rpc_error_clear(&error);
    return TRUE;
}

static const RpcInboxOps ops = { on_header, on_pass, on_pass_fd, on_frame, on_boundary };

static void stream(const guint8 *data, gsize size)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    gsize cut = MIN(data[0], size - 1);
    gsize passed = 0;
    gboolean stopped;
    RpcInbox inbox;

    rpc_inbox_init(&inbox, &ops, &passed);
    if (rpc_inbox_feed(&inbox, data + 1, cut, fds, &stopped, NULL))
        rpc_inbox_feed(&inbox, data + 1 + cut, size - 1 - cut, fds, &stopped, NULL);
    if (passed > size)
        g_error("%zu bytes passed of %zu", passed, size);
    rpc_inbox_clear(&inbox);
}

static void row(const guint8 *data, gsize size)
{
    gsize count;
    const RemoteProcedure *procedure = &remote_procedures(&count)[data[0] % count];
    const RpcHeader header = {
        .program = procedure->program,
        .version = RPC_PROGRAM_VERSION,
        .procedure = procedure->number,
    };

    on_frame(&header, data + 1, size - 1, NULL, NULL);
}

static void attach(const guint8 *data, gsize size)
{
    static const guint8 uuid[16];
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = RPC_PROGRAM_VERSION, .procedure = 8 };
    g_autoptr(GByteArray) payload = g_byte_array_new();

    rpc_xdr_write_string(payload, "guest", 5);
    g_byte_array_append(payload, uuid, sizeof(uuid));
    rpc_xdr_write_u32(payload, 1);
    rpc_xdr_write_string(payload, (const char *)data, size);
    on_frame(&header, payload->data, payload->len, NULL, NULL);
}

static void error_reply(const guint8 *data, gsize size)
{
    const RpcHeader header = {
        .program = RPC_PROGRAM_REMOTE,
        .version = RPC_PROGRAM_VERSION,
        .type = RPC_TYPE_REPLY,
        .status = RPC_STATUS_ERROR,
    };
    g_autoptr(GByteArray) raised = remote_relay_raise(NULL, &header, data, size);

    on_frame(&header, data, size, NULL, NULL);
    check(&header, remote_error_fields, data, size, raised);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static void (*const kinds[])(const guint8 *data, gsize size) = { stream, row, attach, error_reply };

    if (size >= 2)
        kinds[data[0] % G_N_ELEMENTS(kinds)](data + 1, size - 1);
    return 0;
}
