/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain with an element of ours that a client defines or creates. virtccwd validated its XML when it decoded the
 * call:
 *
 *   call   sends the lowered call, with the client's flags: with --validate libvirt checks the lowered XML by its
 *          schema
 *   warn   if libvirt accepted the domain: the client gets its reply; a worker looks at the host, and logs its warnings
 *          for the administrator
 *
 * libvirt validates the rest of the domain, and checks what QEMU supports.
 */
#include "remote/calls/calls.h"
#include "remote/connection-private.h"

static void define_free(RemoteTask *task)
{
    g_free(task);
}

static void lost(RemoteTask *task)
{
    remote_task_end(task, NULL);
}

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    const RemoteServices *services = task->connection->services;

    remote_task_send_reply(task, remote_task_raise(task, header, payload, length));
    if (header->status == RPC_STATUS_OK) {
        remote_task_end_warned(task, &limit, "a domain that is defined or created");
        return;
    }
    if (task->procedure->starts && services->start_failed) /* the hook may have acquired a device */
        services->start_failed(services->changed_data);
    remote_task_end(task, NULL);
}

gboolean remote_define_begin(RemoteConnection *connection, RemoteCall *call)
{
    RemoteTask *task;

    if (!call->lowered || call->error)
        return FALSE;
    task = g_new0(RemoteTask, 1);
    task->free = define_free;
    remote_task_begin(task, connection, call);
    remote_task_call(task, called, lost);
    return TRUE;
}
