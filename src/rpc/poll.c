/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/poll.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/error.h"
#include "util/log.h"

#define BATCH 512
#define GROUP_TURN 4u /* watches of one group that one turn calls */
/*
 * Units of work in one turn of the events, and in one turn of the waiting watches. A unit is one frame, some
 * microseconds.
 */
#define BUDGET 64

/* A group without watches has no such struct. */
typedef struct {
    guint id;
    guint watches;
    guint64 turn; /* the last turn that called a watch of the group */
    guint called; /* how many it called */
} Group;

struct _RpcPoll {
    GMainContext *context;
    int fd;
    GSource *source;
    GSource *again;
    GQueue waiting; /* RpcPollWatch to call again */
    guint spent;    /* units of BUDGET that are used */
    gboolean dispatching;
    GSList *removed;    /* removed watches that a later event of the batch may still name */
    GHashTable *groups; /* Group, by its id */
    guint64 turn;
    guint64 calls; /* of watches that belong to groups */
};

struct _RpcPollWatch {
    RpcPoll *poll;
    int fd;
    guint32 events;
    GSource *failed; /* source that reports RPC_POLL_FAILED; or NULL */
    gboolean is_failed;
    gboolean is_waiting;
    Group *group;     /* or NULL */
    guint64 called;   /* the number of the last call among poll->calls */
    RpcPollFunc func; /* NULL: the watch is removed */
    gpointer data;
};

static void begin_turn(RpcPoll *poll)
{
    poll->spent = 0;
    poll->dispatching = TRUE;
}

static void end_turn(RpcPoll *poll)
{
    poll->dispatching = FALSE;
    g_slist_free_full(g_steal_pointer(&poll->removed), g_free);
}

static void call(const struct epoll_event *event)
{
    RpcPollWatch *watch = event->data.ptr;

    if (watch->func)
        watch->func(event->events, watch->data);
}

/* Returns: whether this turn may call another watch of the group; counts the call then. */
static gboolean count_call(RpcPoll *poll, Group *group)
{
    if (group->turn != poll->turn)
        group->called = 0;
    group->turn = poll->turn;
    if (group->called == GROUP_TURN)
        return FALSE;
    group->called++;
    return TRUE;
}

/* The watch that was called longest ago is the first. */
static int compare_calls(const void *a, const void *b)
{
    const RpcPollWatch *one = ((const struct epoll_event *)a)->data.ptr;
    const RpcPollWatch *other = ((const struct epoll_event *)b)->data.ptr;

    return one->called < other->called ? -1 : one->called > other->called;
}

/* The kernel reports the events that this turn leaves out again. */
static void call_groups(RpcPoll *poll, struct epoll_event *events, guint count)
{
    if (count > GROUP_TURN)
        qsort(events, count, sizeof(*events), compare_calls);
    for (guint i = 0; i < count; i++) {
        RpcPollWatch *watch = events[i].data.ptr;

        if (!watch->func || (watch->group && !count_call(poll, watch->group)))
            continue;
        watch->called = ++poll->calls;
        call(&events[i]);
    }
}

static gboolean dispatch(gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    RpcPoll *poll = data;
    struct epoll_event events[BATCH];
    int count = epoll_wait(fd, events, BATCH, 0);
    guint of_groups = 0;

    poll->turn++;
    begin_turn(poll);
    for (int i = 0; i < count; i++) {
        const RpcPollWatch *watch = events[i].data.ptr;

        if (watch->group)
            events[of_groups++] = events[i];
        else
            call(&events[i]);
    }
    call_groups(poll, events, of_groups);
    end_turn(poll);
    return G_SOURCE_CONTINUE;
}

/* The source that calls watches again. It has the priority of the events, so that both get their turns. */
typedef struct {
    GSource source;
    RpcPoll *poll;
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
    RpcPoll *poll = ((Again *)source)->poll;

    begin_turn(poll);
    for (guint left = poll->waiting.length; left && rpc_poll_has_time(poll); left--) {
        RpcPollWatch *watch = g_queue_pop_head(&poll->waiting);

        if (!watch)
            break; /* a function has removed the other watches */
        watch->is_waiting = FALSE;
        watch->func(0, watch->data);
    }
    end_turn(poll);
    return G_SOURCE_CONTINUE;
}

static GSource *again_new(RpcPoll *poll)
{
    static GSourceFuncs funcs = { .prepare = again_prepare, .check = again_check, .dispatch = again_dispatch };
    GSource *source = g_source_new(&funcs, sizeof(Again));

    ((Again *)source)->poll = poll;
    g_source_set_can_recurse(source, TRUE); /* see rpc_poll_new() */
    g_source_attach(source, poll->context);
    return source;
}

RpcPoll *rpc_poll_new(GMainContext *context, GError **error)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    RpcPoll *poll;

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot make an epoll set");
        return NULL;
    }
    poll = g_new0(RpcPoll, 1);
    poll->context = context;
    poll->fd = fd;
    poll->source = g_unix_fd_source_new(poll->fd, G_IO_IN);
    g_source_set_callback(poll->source, G_SOURCE_FUNC(dispatch), poll, NULL);
    /*
     * GLib takes a source that cannot recurse out of its context for each call and puts it back, which costs four more
     * system calls. No function calls this source recursively.
     */
    g_source_set_can_recurse(poll->source, TRUE);
    g_source_attach(poll->source, context);
    g_queue_init(&poll->waiting);
    poll->groups = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    poll->again = again_new(poll);
    return poll;
}

void rpc_poll_free(RpcPoll *poll)
{
    g_source_destroy(poll->source);
    g_source_unref(poll->source);
    g_source_destroy(poll->again);
    g_source_unref(poll->again);
    close(poll->fd);
    g_slist_free_full(poll->removed, g_free);
    g_hash_table_unref(poll->groups);
    g_free(poll);
}

static gboolean report_failure(gpointer data)
{
    RpcPollWatch *watch = data;

    g_clear_pointer(&watch->failed, g_source_unref);
    watch->func(RPC_POLL_FAILED, watch->data);
    return G_SOURCE_REMOVE;
}

/* EPOLL_CTL_ADD may fail for lack of memory, or of watches (/proc/sys/fs/epoll/max_user_watches). */
static void fail(RpcPollWatch *watch)
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

static void control(RpcPollWatch *watch, int operation, guint32 events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(watch->poll->fd, operation, watch->fd, &event) < 0 && operation != EPOLL_CTL_DEL)
        fail(watch);
}

/* epoll always reports a hang-up, so this function removes a socket with no events from the set. */
void rpc_poll_set(RpcPollWatch *watch, guint32 events)
{
    if (events == watch->events || watch->is_failed)
        return;
    if (!watch->events)
        control(watch, EPOLL_CTL_ADD, events);
    else
        control(watch, events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, events);
    watch->events = events;
}

RpcPollWatch *rpc_poll_add(RpcPoll *poll, int fd, guint32 events, RpcPollFunc func, gpointer data)
{
    RpcPollWatch *watch = g_new0(RpcPollWatch, 1);

    *watch = (RpcPollWatch){ .poll = poll, .fd = fd, .func = func, .data = data };
    rpc_poll_set(watch, events);
    return watch;
}

static Group *enter_group(RpcPoll *poll, guint id)
{
    Group *group = g_hash_table_lookup(poll->groups, GUINT_TO_POINTER(id));

    if (!group) {
        group = g_new0(Group, 1);
        group->id = id;
        g_hash_table_insert(poll->groups, GUINT_TO_POINTER(id), group);
    }
    group->watches++;
    return group;
}

static void leave_group(RpcPoll *poll, Group *group)
{
    if (group && --group->watches == 0)
        g_hash_table_remove(poll->groups, GUINT_TO_POINTER(group->id));
}

void rpc_poll_set_group(RpcPollWatch *watch, guint group)
{
    Group *former = watch->group;

    watch->group = group ? enter_group(watch->poll, group) : NULL;
    leave_group(watch->poll, former);
}

void rpc_poll_remove(RpcPollWatch *watch)
{
    RpcPoll *poll = watch->poll;

    rpc_poll_set(watch, 0);
    rpc_poll_set_group(watch, 0);
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

void rpc_poll_again(RpcPollWatch *watch)
{
    if (watch->is_waiting || watch->is_failed)
        return;
    watch->is_waiting = TRUE;
    g_queue_push_tail(&watch->poll->waiting, watch);
}

void rpc_poll_spend(RpcPoll *poll)
{
    poll->spent++;
}

gboolean rpc_poll_has_time(const RpcPoll *poll)
{
    return poll->spent < BUDGET;
}
