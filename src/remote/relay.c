/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/relay.h"

#include <libvirt/virterror.h>

#include "remote/connection-private.h"
#include "remote/identity.h"
#include "remote/procedures.h"
#include "remote/relay-xml.h"
#include "remote/reply.h"
#include "remote/task.h"
#include "rpc/rpc-error.h"
#include "util/log.h"

/*
 * Returns: whether the client can change nothing here: libvirt rejects its changes, or they change another host.
 * virtccwd does not read such calls, because the client must not cause work or announce an attach.
 */
static gboolean changes_nothing(const RemoteConnection *connection)
{
    return connection->is_readonly || connection->is_opened_readonly || connection->is_elsewhere;
}

static const RemoteProcedure *lookup(const RpcHeader *header)
{
    return header->version == RPC_PROGRAM_VERSION ? remote_procedure_lookup(header->program, header->procedure) : NULL;
}

/*
 * Returns: the row of a call that virtccwd reads; NULL: virtccwd forwards the call unread. It forwards all calls to a
 * libvirt elsewhere, because its own work depends on libvirt's answers.
 */
static const RemoteProcedure *lookup_call(const RemoteConnection *connection, const RpcHeader *header)
{
    const RemoteProcedure *procedure = lookup(header);

    if (!procedure || !procedure->call[0] || connection->is_elsewhere)
        return NULL;
    return changes_nothing(connection) && procedure->is_write ? NULL : procedure;
}

/*
 * Handles a client's other frames: data of streams, and pings. libvirt reads descriptors only after a call. It would
 * take the bytes that carry the descriptors of any other frame for the next frame. In this way a client could hide calls
 * from virtccwd, before libvirt knows who the client is.
 */
static RpcInboxHandling client_frame_without_call(const RpcHeader *header)
{
    static CcwLogLimit limit;

    if (header->type == RPC_TYPE_STREAM || header->type == RPC_TYPE_STREAM_HOLE ||
        (header->type == RPC_TYPE_MESSAGE && header->program == RPC_PROGRAM_KEEPALIVE))
        return RPC_INBOX_PASS;
    ccw_log_limited(&limit, G_LOG_LEVEL_WARNING,
                    "a client sent a frame of type %u of program %x, which only libvirt sends; its connection ends",
                    header->type, header->program);
    return RPC_INBOX_STOP;
}

static RpcInboxHandling client_header(RemoteConnection *connection, const RpcHeader *header)
{
    static CcwLogLimit limit;
    const RemoteProcedure *procedure;
    RpcInboxHandling handling;

    if (header->type != RPC_TYPE_CALL && header->type != RPC_TYPE_CALL_WITH_FDS)
        return client_frame_without_call(header);
    if (!remote_tasks_note_call(connection, header)) {
        ccw_log_limited(
            &limit, G_LOG_LEVEL_WARNING,
            "a client used serial %u twice at a time, or has too many calls unanswered; its connection ends",
            header->serial);
        return RPC_INBOX_STOP;
    }
    if (remote_identity_header(connection, header, &handling))
        return handling;
    procedure = lookup_call(connection, header);
    if (!procedure || (header->type == RPC_TYPE_CALL_WITH_FDS && !procedure->has_fds))
        return RPC_INBOX_PASS;
    if (procedure->length_max && header->length > procedure->length_max)
        return RPC_INBOX_PASS;
    return RPC_INBOX_HOLD;
}

/*
 * libvirtd drops a client that does not answer its pings. After a client has left, virtccwd answers the pings until the
 * task ends.
 */
static void answer_ping(RemoteConnection *connection, const RpcHeader *ping)
{
    RpcHeader pong = *ping;
    g_autoptr(GByteArray) frame = NULL;

    pong.procedure = RPC_KEEPALIVE_PONG;
    frame = rpc_frame_new(&pong, NULL, 0);
    remote_connection_send(connection, REMOTE_SIDE_BACKEND, frame);
}

static RpcInboxHandling backend_header(RemoteConnection *connection, const RpcHeader *header)
{
    const RemoteProcedure *procedure;

    if (remote_connection_is_gone(connection, REMOTE_SIDE_CLIENT)) {
        if (header->program == RPC_PROGRAM_KEEPALIVE && header->procedure == RPC_KEEPALIVE_PING)
            answer_ping(connection, header);
        return remote_tasks_want(connection, header) ? RPC_INBOX_HOLD : RPC_INBOX_PASS;
    }
    if (remote_tasks_want(connection, header) || (remote_relay_has_error(header) && !connection->is_elsewhere))
        return RPC_INBOX_HOLD;
    procedure = header->type == RPC_TYPE_REPLY && !connection->is_elsewhere ? lookup(header) : NULL;
    if (procedure && procedure->reply[0] && header->status == RPC_STATUS_OK)
        return RPC_INBOX_HOLD;
    remote_connection_note_reply(connection, header);
    return RPC_INBOX_PASS;
}

static void forward(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload, gsize length,
                    GArray *fds)
{
    g_autoptr(GByteArray) frame = rpc_frame_new(header, payload, length);

    remote_connection_send_fds(connection, REMOTE_SIDE_BACKEND, frame, fds);
}

static void reply_error(RemoteConnection *connection, const RemoteCall *call)
{
    g_autoptr(GByteArray) reply = rpc_error_reply_for(&call->header, call->error);

    remote_connection_send(connection, REMOTE_SIDE_CLIENT, reply);
}

/* Takes ownership of @call. Forwards a call that is not laid out as the table says: libvirt rejects it. */
static void dispatch(RemoteConnection *connection, RemoteCall *call)
{
    RemoteHandler handler = call->procedure->handler;

    if (!call->matches)
        g_debug("a call of %s is not laid out as the table says: forwarded as it is", call->procedure->name);
    else if (handler && handler(connection, call))
        return;
    if (call->error)
        reply_error(connection, call);
    else
        remote_connection_send_fds(connection, REMOTE_SIDE_BACKEND, remote_call_frame(call), call->fds);
    remote_call_free(call);
}

/* A call that a worker decodes, because virtccwd must parse its XML. */
typedef struct {
    RemoteTask task;
    RemoteCall *decoded;
} Decoding;

static void decoding_free(RemoteTask *task)
{
    remote_call_free(((Decoding *)task)->decoded);
    g_free(task);
}

static void decode_work(RemoteTask *task);
static void decode_done(RemoteTask *task);

/* Takes ownership of @call. */
static void begin_decoding(RemoteConnection *connection, RemoteCall *call)
{
    Decoding *decoding = g_new0(Decoding, 1);

    decoding->task.free = decoding_free;
    decoding->decoded = call;
    remote_task_begin_undecoded(&decoding->task, connection, &call->header);
    remote_task_work(&decoding->task, REMOTE_WORK_PARSE, decode_work, decode_done);
}

static void decode_work(RemoteTask *task)
{
    remote_call_decode(((Decoding *)task)->decoded);
}

/* dispatch() begins the call's task before this one ends, so that the connection does not end in between. */
static void decode_done(RemoteTask *task)
{
    dispatch(task->connection, g_steal_pointer(&((Decoding *)task)->decoded));
    remote_task_end(task, NULL);
}

static void client_frame(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload, gsize length,
                         GArray *fds)
{
    const RemoteProcedure *procedure = lookup_call(connection, header);
    gboolean must_parse =
        procedure && (length > REMOTE_RELAY_SEARCH_MAX ? remote_call_has_xml(procedure)
                                                       : remote_call_may_have_ours(procedure, payload, length));
    RemoteCall *call;

    if (remote_identity_frame(connection, header, payload, length))
        return;
    if (!procedure || (!must_parse && (!procedure->handler || procedure->is_for_ours))) {
        forward(connection, header, payload, length, fds);
        return;
    }
    call = remote_call_new(procedure, header, payload, length, fds, &connection->closer);
    if (must_parse) {
        begin_decoding(connection, call);
    } else {
        remote_call_decode(call);
        dispatch(connection, call);
    }
}

/*
 * Returns: whether a domain failed to start. Its hook has released the devices that it acquired, unless the hook was
 * killed.
 */
static gboolean is_failed_start(const RemoteProcedure *procedure, const RpcHeader *header)
{
    return procedure && procedure->starts && header->type == RPC_TYPE_REPLY && header->status == RPC_STATUS_ERROR;
}

static void backend_frame(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload, gsize length)
{
    const RemoteProcedure *procedure = lookup(header);
    g_autoptr(GByteArray) frame = NULL;

    if (remote_tasks_receive(connection, header, payload, length))
        return;
    if (remote_relay_must_parse_reply(procedure, header, payload, length)) {
        remote_reply_begin(connection, procedure, header, payload, length);
        return;
    }
    frame = remote_relay_raise(procedure, header, payload, length);
    remote_connection_send(connection, REMOTE_SIDE_CLIENT, frame);
    if (is_failed_start(procedure, header) && !changes_nothing(connection) && connection->services->start_failed)
        connection->services->start_failed(connection->services->changed_data);
}

static GByteArray *no_room_reply(const RemoteConnection *connection, const RpcHeader *header, const char *what)
{
    g_autofree char *message =
        g_strdup_printf("%s of %u bytes has no room: the clients of user %u hold too many bytes already; read the "
                        "replies that wait, or try again with fewer calls at a time",
                        what, header->length, connection->account.user->uid);

    return rpc_error_reply(header, VIR_ERR_RPC, VIR_FROM_RPC, message);
}

static RpcInboxHandling client_no_room(RemoteConnection *connection, const RpcHeader *header)
{
    g_autoptr(GByteArray) reply = no_room_reply(connection, header, "a call");

    remote_connection_send(connection, REMOTE_SIDE_CLIENT, reply);
    return RPC_INBOX_DROP;
}

static RpcInboxHandling backend_no_room(RemoteConnection *connection, const RpcHeader *header)
{
    g_autoptr(GByteArray) reply = NULL;
    RpcHeader error;

    if (header->type != RPC_TYPE_REPLY)
        return RPC_INBOX_PASS;
    reply = no_room_reply(connection, header, "a reply");
    if (rpc_header_decode(reply->data, &error, NULL))
        backend_frame(connection, &error, reply->data + RPC_FRAME_HEAD, reply->len - RPC_FRAME_HEAD);
    return RPC_INBOX_DROP;
}

static RpcInboxHandling on_header(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header)
{
    return from == REMOTE_SIDE_CLIENT ? client_header(connection, header) : backend_header(connection, header);
}

static RpcInboxHandling on_no_room(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header)
{
    return from == REMOTE_SIDE_CLIENT ? client_no_room(connection, header) : backend_no_room(connection, header);
}

static void on_frame(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header, const guint8 *payload,
                     gsize length, GArray *fds)
{
    if (from == REMOTE_SIDE_CLIENT)
        client_frame(connection, header, payload, length, fds);
    else
        backend_frame(connection, header, payload, length);
}

const RemoteConnectionOps remote_relay_ops = {
    .start = remote_identity_begin,
    .header = on_header,
    .no_room = on_no_room,
    .frame = on_frame,
    .backend_lost = remote_tasks_lost,
};
