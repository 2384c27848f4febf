/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients that wait until there is room for them. root's go first; other users take turns, and the clients of a user
 * are in the order in which they came. A client that hangs up leaves the queue, whatever its place.
 */
#pragma once

#include <sys/types.h>

#include "rpc/poll.h"

typedef struct _CcwQueue CcwQueue;

/* The place of one client. */
typedef struct _CcwPlace CcwPlace;

/* gone: a client has hung up, and has no place any more. */
CcwQueue *ccw_queue_new(CcwPoll *poll, void (*gone)(gpointer client));
void ccw_queue_free(CcwQueue *queue); /* no client waits */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwQueue, ccw_queue_free)

gboolean ccw_queue_is_empty(const CcwQueue *queue);

/**
 * ccw_queue_add:
 * @uid: the client's user
 * @fd: its socket, which is watched
 *
 * Returns: its place, until the client is served, has gone or is removed.
 */
CcwPlace *ccw_queue_add(CcwQueue *queue, uid_t uid, int fd, gpointer client);

/* Returns: the client. */
gpointer ccw_queue_remove(CcwPlace *place);

/**
 * ccw_queue_serve:
 * @serve: whether there is room for that client; then it has lost its place
 *
 * Serves one client: calls @serve for the first one of each user, until there is room for one.
 *
 * Returns: FALSE if there is room for no client.
 */
gboolean ccw_queue_serve(CcwQueue *queue, gboolean (*serve)(gpointer client));

/* Removes any client that waits. Returns: NULL if no client waits. */
gpointer ccw_queue_remove_any(CcwQueue *queue);
