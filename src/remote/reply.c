/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/reply.h"

#include "remote/connection-private.h"
#include "remote/raised.h"
#include "remote/relay-xml.h"

/*
 * After this function has sent the reply, the client may use its serial again, before the main thread notes the reply.
 */
static void raise_work(RemoteTask *task)
{
    RpcOutbox *outbox = &task->connection->sides[REMOTE_SIDE_CLIENT].outbox;
    const GByteArray *frame = task->frame;
    RpcHeader header;

    if (!rpc_header_decode(frame->data, &header, NULL))
        return;
    task->reply = remote_task_raise(task, &header, frame->data + RPC_FRAME_HEAD, frame->len - RPC_FRAME_HEAD);
    /* The outbox appends to a frame that it has not sent as a whole, so task->raised is a copy. */
    if (task->reply->len <= RPC_FRAME_HEAD + REMOTE_RAISED_MAX)
        task->raised = g_bytes_new(task->reply->data + RPC_FRAME_HEAD, task->reply->len - RPC_FRAME_HEAD);
    if (rpc_outbox_acquire(outbox)) {
        g_atomic_int_set(&task->is_answered, TRUE);
        task->can_wait = rpc_outbox_send_acquired(outbox, g_steal_pointer(&task->reply));
    }
}

static void raised(RemoteTask *task)
{
    RemoteRaised *lately = task->connection->services->raised;

    task->connection->raising--;
    if (lately && task->raised)
        remote_raised_keep(lately, task->frame, task->raised);
    g_clear_pointer(&task->frame, g_byte_array_unref);
    g_clear_pointer(&task->raised, g_bytes_unref);
    remote_task_end(task, g_steal_pointer(&task->reply));
}

void remote_reply_raise(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    GByteArray *known;

    if (!remote_relay_must_parse_reply(task->procedure, header, payload, length)) {
        remote_task_end(task, remote_task_raise(task, header, payload, length));
        return;
    }
    known = remote_raised_find(task->connection->services->raised, header, payload, length);
    if (known) {
        remote_task_end(task, known);
        return;
    }
    task->frame = rpc_frame_new(header, payload, length);
    remote_connection_note_reply(task->connection, header);
    task->connection->raising++;
    remote_task_work_background(task, REMOTE_WORK_PARSE, raise_work, raised, &task->can_wait);
}

/* The task of a reply that no other task waits for: it only raises the reply. */
static void reply_free(RemoteTask *task)
{
    task->connection->account.replies_bytes -= task->header.length;
    g_free(task);
}

void remote_reply_begin(RemoteConnection *connection, const RemoteProcedure *procedure, const RpcHeader *header,
                        const guint8 *payload, gsize length)
{
    RemoteTask *task = g_new0(RemoteTask, 1);

    task->free = reply_free;
    task->procedure = procedure;
    connection->account.replies_bytes += header->length;
    remote_task_begin_undecoded(task, connection, header);
    remote_reply_raise(task, header, payload, length);
}
