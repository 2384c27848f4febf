/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients that wait until virtccwd has room for them. Those of root go first. Other users take turns; the clients of
 * one user keep the order in which they came. A client that hangs up leaves the queue.
 */
#pragma once

#include <sys/types.h>

#include "rpc/poll.h"

typedef struct _RemoteQueue RemoteQueue;

/* The entry of one client in the queue. */
typedef struct _RemoteQueued RemoteQueued;

/**
 * remote_queue_new:
 * @gone: called when a client has hung up and left the queue
 */
RemoteQueue *remote_queue_new(RpcPoll *poll, void (*gone)(gpointer client));
void remote_queue_free(RemoteQueue *queue); /* only if no client waits */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteQueue, remote_queue_free)

/* Returns: whether no client waits. */
gboolean remote_queue_is_empty(const RemoteQueue *queue);

/**
 * remote_queue_add:
 * @uid: the client's user
 * @fd: its socket, which the queue watches
 *
 * Returns: the entry, valid until the client leaves the queue.
 */
RemoteQueued *remote_queue_add(RemoteQueue *queue, uid_t uid, int fd, gpointer client);

/* Removes a client from the queue. Returns: the client. */
gpointer remote_queue_remove(RemoteQueued *entry);

/**
 * remote_queue_serve:
 * @serve: returns whether virtccwd has room for the client; if so, it has removed the client from the queue
 *
 * Serves one client: calls @serve for the first client of each user, until it returns TRUE.
 *
 * Returns: FALSE if virtccwd has room for no client.
 */
gboolean remote_queue_serve(RemoteQueue *queue, gboolean (*serve)(gpointer client));

/* Removes any client. Returns: the client, or NULL if no client waits. */
gpointer remote_queue_remove_any(RemoteQueue *queue);
