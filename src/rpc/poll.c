/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/poll.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "util/error.h"
#include "util/log.h"

#define BATCH 64
/* Units of work in one turn, of the events and again of the watches that wait: each is a frame, some microseconds. */
#define BUDGET 64

struct _CcwPoll {
    GMainContext *context;
    int fd;
    GSource *source;
    GSource *again;
    GQueue waiting; /* watches to call again */
    guint spent;    /* of BUDGET */
    gboolean dispatching;
    GSList *removed; /* while dispatching: watches that a later event of the batch may still name */
};

struct _CcwPollWatch {
    CcwPoll *poll;
    int fd;
    guint32 events;
    GSource *failed; /* reports CCW_POLL_FAILED; or NULL */
    gboolean is_failed;
    gboolean is_waiting;
    CcwPollFunc func; /* NULL: removed */
    gpointer data;
};

static void begin_turn(CcwPoll *poll)
{
    poll->spent = 0;
    poll->dispatching = TRUE;
}

static void end_turn(CcwPoll *poll)
{
    poll->dispatching = FALSE;
    g_slist_free_full(g_steal_pointer(&poll->removed), g_free);
}

static gboolean dispatch(gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    CcwPoll *poll = data;
    struct epoll_event events[BATCH];
    int count = epoll_wait(fd, events, BATCH, 0);

    begin_turn(poll);
    for (int i = 0; i < count; i++) {
        CcwPollWatch *watch = events[i].data.ptr;

        if (watch->func)
            watch->func(events[i].events, watch->data);
    }
    end_turn(poll);
    return G_SOURCE_CONTINUE;
}

/* The source that calls watches again. It has the priority of the events: neither keeps the other from its turn. */
typedef struct {
    GSource source;
    CcwPoll *poll;
} Again;

static gboolean again_check(GSource *source)
{
    return !g_queue_is_empty(&((Again *)source)->poll->waiting);
}

static gboolean again_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return again_check(source);
}

static gboolean again_dispatch(GSource *source, GSourceFunc callback G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    CcwPoll *poll = ((Again *)source)->poll;

    begin_turn(poll);
    for (guint left = poll->waiting.length; left && ccw_poll_has_time(poll); left--) {
        CcwPollWatch *watch = g_queue_pop_head(&poll->waiting);

        if (!watch)
            break; /* the others were removed meanwhile */
        watch->is_waiting = FALSE;
        watch->func(0, watch->data);
    }
    end_turn(poll);
    return G_SOURCE_CONTINUE;
}

static GSource *again_new(CcwPoll *poll)
{
    static GSourceFuncs funcs = { .prepare = again_prepare, .check = again_check, .dispatch = again_dispatch };
    GSource *source = g_source_new(&funcs, sizeof(Again));

    ((Again *)source)->poll = poll;
    g_source_set_can_recurse(source, TRUE); /* for the reason below */
    g_source_attach(source, poll->context);
    return source;
}

CcwPoll *ccw_poll_new(GMainContext *context, GError **error)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    CcwPoll *poll;

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot make an epoll set");
        return NULL;
    }
    poll = g_new0(CcwPoll, 1);
    poll->context = context;
    poll->fd = fd;
    poll->source = g_unix_fd_source_new(poll->fd, G_IO_IN);
    g_source_set_callback(poll->source, G_SOURCE_FUNC(dispatch), poll, NULL);
    /* It is never called from within itself. A source that says it may not be is taken out of its context and put back
     * for each call, which are four more system calls. */
    g_source_set_can_recurse(poll->source, TRUE);
    g_source_attach(poll->source, context);
    g_queue_init(&poll->waiting);
    poll->again = again_new(poll);
    return poll;
}

void ccw_poll_free(CcwPoll *poll)
{
    g_source_destroy(poll->source);
    g_source_unref(poll->source);
    g_source_destroy(poll->again);
    g_source_unref(poll->again);
    close(poll->fd);
    g_slist_free_full(poll->removed, g_free);
    g_free(poll);
}

static gboolean report_failure(gpointer data)
{
    CcwPollWatch *watch = data;

    g_clear_pointer(&watch->failed, g_source_unref);
    watch->func(CCW_POLL_FAILED, watch->data);
    return G_SOURCE_REMOVE;
}

/* Adding may fail for a lack of memory, or of watches (/proc/sys/fs/epoll/max_user_watches). */
static void fail(CcwPollWatch *watch)
{
    static CcwLogLimit limit;

    ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "cannot watch file descriptor %d, which is given up: %s", watch->fd,
                    g_strerror(errno));
    watch->is_failed = TRUE;
    watch->failed = g_idle_source_new();
    g_source_set_priority(watch->failed, G_PRIORITY_DEFAULT);
    g_source_set_callback(watch->failed, report_failure, watch, NULL);
    g_source_attach(watch->failed, watch->poll->context);
}

static void control(CcwPollWatch *watch, int operation, guint32 events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(watch->poll->fd, operation, watch->fd, &event) < 0 && operation != EPOLL_CTL_DEL)
        fail(watch);
}

/* epoll reports a hang-up whether asked or not, so a socket without a watcher leaves the set. */
void ccw_poll_set(CcwPollWatch *watch, guint32 events)
{
    if (events == watch->events || watch->is_failed)
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
    if (watch->failed) {
        g_source_destroy(watch->failed);
        g_clear_pointer(&watch->failed, g_source_unref);
    }
    if (watch->is_waiting)
        g_queue_remove(&poll->waiting, watch);
    watch->func = NULL;
    if (poll->dispatching)
        poll->removed = g_slist_prepend(poll->removed, watch);
    else
        g_free(watch);
}

void ccw_poll_again(CcwPollWatch *watch)
{
    if (watch->is_waiting || watch->is_failed)
        return;
    watch->is_waiting = TRUE;
    g_queue_push_tail(&watch->poll->waiting, watch);
}

void ccw_poll_spend(CcwPoll *poll)
{
    poll->spent++;
}

gboolean ccw_poll_has_time(const CcwPoll *poll)
{
    return poll->spent < BUDGET;
}
