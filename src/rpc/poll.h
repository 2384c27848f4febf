/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches many sockets with one epoll set, which is one source of the main context, so that the cost of a turn does not
 * depend on the number of idle clients. A turn also has a budget for work that costs more than moving bytes: a client
 * that has used up the budget continues in a later turn, after the others.
 *
 * Watches may belong to a group, such as the connections of one user. A turn calls only few watches of a group, so that
 * many busy watches of one group do not delay the others.
 */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

/* An event of ours: the kernel cannot watch the descriptor, and rpc_poll gives the descriptor up. */
#define RPC_POLL_FAILED (1u << 24)

typedef struct _RpcPoll RpcPoll;
typedef struct _RpcPollWatch RpcPollWatch;
typedef void (*RpcPollFunc)(guint32 events, gpointer data);

/* Returns: an empty set of watches, or NULL with CCW_ERROR_SYSTEM or another error of ccw_error_set_errno(). */
RpcPoll *rpc_poll_new(GMainContext *context, GError **error);
void rpc_poll_free(RpcPoll *poll); /* only after all watches are removed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcPoll, rpc_poll_free)

/**
 * rpc_poll_add:
 * @events: EPOLLIN, EPOLLOUT, or 0 for no event, not even a hang-up
 * @func: may remove any watch. If the descriptor cannot be watched, it is called with RPC_POLL_FAILED once, and never
 * from within these functions
 */
RpcPollWatch *rpc_poll_add(RpcPoll *poll, int fd, guint32 events, RpcPollFunc func, gpointer data);

/* Changes the events. @events: as in rpc_poll_add() */
void rpc_poll_set(RpcPollWatch *watch, guint32 events);

/**
 * rpc_poll_set_group:
 * @group: 0: the watch belongs to no group, as at first, and each turn calls it
 *
 * Makes the watch a member of the group, and of no other.
 */
void rpc_poll_set_group(RpcPollWatch *watch, guint group);

void rpc_poll_remove(RpcPollWatch *watch); /* call it before you close its fd */

/* Calls the watch's function again in a later turn, with events 0. Watches that wait for this take turns. */
void rpc_poll_again(RpcPollWatch *watch);

/* rpc_poll_spend() uses one unit of this turn's budget. rpc_poll_has_time() returns whether any unit is left. */
void rpc_poll_spend(RpcPoll *poll);
gboolean rpc_poll_has_time(const RpcPoll *poll);
