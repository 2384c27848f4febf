/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-poll.h"

#include <glib-unix.h>
#include <unistd.h>

#define BATCH 64

struct _CcwPoll {
    int fd;
    GSource *source;
    gboolean dispatching;
    GSList *removed; /* while dispatching: watches that a later event of the batch may still name */
};

struct _CcwPollWatch {
    CcwPoll *poll;
    int fd;
    guint32 events;
    CcwPollFunc func; /* NULL: removed */
    gpointer data;
};

static gboolean dispatch(gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    CcwPoll *poll = data;
    struct epoll_event events[BATCH];
    int count = epoll_wait(fd, events, BATCH, 0);

    poll->dispatching = TRUE;
    for (int i = 0; i < count; i++) {
        CcwPollWatch *watch = events[i].data.ptr;

        if (watch->func)
            watch->func(events[i].events, watch->data);
    }
    poll->dispatching = FALSE;
    g_slist_free_full(g_steal_pointer(&poll->removed), g_free);
    return G_SOURCE_CONTINUE;
}

CcwPoll *ccw_poll_new(GMainContext *context)
{
    CcwPoll *poll = g_new0(CcwPoll, 1);

    poll->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->fd < 0)
        g_error("cannot make an epoll set: %m");
    poll->source = g_unix_fd_source_new(poll->fd, G_IO_IN);
    g_source_set_callback(poll->source, G_SOURCE_FUNC(dispatch), poll, NULL);
    /* It is never called from within itself. A source that says it may not be is taken out of its context and put back
     * for each call, which are four more system calls. */
    g_source_set_can_recurse(poll->source, TRUE);
    g_source_attach(poll->source, context);
    return poll;
}

void ccw_poll_free(CcwPoll *poll)
{
    g_source_destroy(poll->source);
    g_source_unref(poll->source);
    close(poll->fd);
    g_slist_free_full(poll->removed, g_free);
    g_free(poll);
}

static void control(CcwPollWatch *watch, int operation, guint32 events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(watch->poll->fd, operation, watch->fd, &event) < 0)
        g_error("cannot watch file descriptor %d: %m", watch->fd);
}

/* epoll reports a hang-up whether asked or not, so a socket nobody wants to hear of leaves the set. */
void ccw_poll_set(CcwPollWatch *watch, guint32 events)
{
    if (events == watch->events)
        return;
    if (!watch->events)
        control(watch, EPOLL_CTL_ADD, events);
    else
        control(watch, events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, events);
    watch->events = events;
}

CcwPollWatch *ccw_poll_add(CcwPoll *poll, int fd, guint32 events, CcwPollFunc func, gpointer data)
{
    CcwPollWatch *watch = g_new0(CcwPollWatch, 1);

    *watch = (CcwPollWatch){ .poll = poll, .fd = fd, .func = func, .data = data };
    ccw_poll_set(watch, events);
    return watch;
}

void ccw_poll_remove(CcwPollWatch *watch)
{
    CcwPoll *poll = watch->poll;

    ccw_poll_set(watch, 0);
    watch->func = NULL;
    if (poll->dispatching)
        poll->removed = g_slist_prepend(poll->removed, watch);
    else
        g_free(watch);
}
