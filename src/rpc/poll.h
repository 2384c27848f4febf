/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches many sockets with one epoll set that is one source of the main context: the cost of a turn does not depend
 * on how many idle clients there are. A turn also has a budget for work that costs more than moving bytes: a
 * client that has used it up continues in a later turn, after the others.
 */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

/* An event of its own: the kernel has no memory to watch the descriptor, which is not watched any more. */
#define CCW_POLL_FAILED (1u << 24)

typedef struct _CcwPoll CcwPoll;
typedef struct _CcwPollWatch CcwPollWatch;
typedef void (*CcwPollFunc)(guint32 events, gpointer data);

/* Error: CCW_ERROR_SYSTEM or another of ccw_error_set_errno(). */
CcwPoll *ccw_poll_new(GMainContext *context, GError **error);
void ccw_poll_free(CcwPoll *poll); /* every watch must be gone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwPoll, ccw_poll_free)

/*
 * events: EPOLLIN, EPOLLOUT, or 0 for none at all, not even a hang-up. func may remove any watch. It is called with
 * CCW_POLL_FAILED, once and never from within these functions, if the descriptor cannot be watched.
 */
CcwPollWatch *ccw_poll_add(CcwPoll *poll, int fd, guint32 events, CcwPollFunc func, gpointer data);
void ccw_poll_set(CcwPollWatch *watch, guint32 events);
void ccw_poll_remove(CcwPollWatch *watch); /* before its fd is closed */

/* Calls func once more in a later turn, with events 0. Watches that wait for that are called in turn. */
void ccw_poll_again(CcwPollWatch *watch);

/* ccw_poll_spend() takes one unit of work from this turn's budget, and ccw_poll_has_time() says whether any is left. */
void ccw_poll_spend(CcwPoll *poll);
gboolean ccw_poll_has_time(const CcwPoll *poll);
