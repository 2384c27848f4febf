/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reply of libvirt's with XML to be raised: a worker raises the reply and, if the client's outbox is shared, sends
 * it.
 */
#pragma once

#include "remote/task.h"

/*
 * Ends the task with libvirt's reply to the client's own call. If virtccwd must parse the reply's XML, a worker
 * raises it.
 */
void remote_reply_raise(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);

/**
 * remote_reply_begin:
 * @procedure: the reply's row
 *
 * Raises a reply that no task waits for.
 */
void remote_reply_begin(RemoteConnection *connection, const RemoteProcedure *procedure, const RpcHeader *header,
                        const guint8 *payload, gsize length);
