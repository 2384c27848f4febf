/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libvirt/virterror.h>

#include "hostdev/live-domains.h"
#include "hostdev/watcher-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/thread.h"

#define RETRY_MIN (G_TIME_SPAN_SECOND / 4) /* doubled with each failure */
#define CONNECT_RETRY_MAX (5 * G_TIME_SPAN_SECOND)
#define RECONCILE_RETRY_MAX G_TIME_SPAN_MINUTE
#define RELEASE_TIMEOUT (10 * G_TIME_SPAN_SECOND) /* for the end of a release */
#define CALL_TIMEOUT (2 * G_TIME_SPAN_SECOND)     /* for the end of a call to libvirt whose connection is shut down */
#define SHUT_DOWN_INTERVAL (G_TIME_SPAN_SECOND / 10)
#define START_FAILED_INTERVAL G_TIME_SPAN_SECOND

HostdevWatcher *hostdev_watcher_ref(HostdevWatcher *watcher)
{
    return g_atomic_rc_box_acquire(watcher);
}

static void clear(gpointer data)
{
    HostdevWatcher *watcher = data;

    g_free(watcher->socket);
    g_free(watcher->uri);
    hostdev_manager_unref(watcher->manager);
    g_mutex_clear(&watcher->lock);
    g_cond_clear(&watcher->wake);
    g_free(watcher->last_warning);
}

void hostdev_watcher_unref(HostdevWatcher *watcher)
{
    g_atomic_rc_box_release_full(watcher, clear);
}

gboolean hostdev_watcher_is_stopping(HostdevWatcher *watcher)
{
    gboolean result;

    g_mutex_lock(&watcher->lock);
    result = watcher->is_stopping;
    g_mutex_unlock(&watcher->lock);
    return result;
}

void hostdev_watcher_set_flag(HostdevWatcher *watcher, gboolean *flag)
{
    g_mutex_lock(&watcher->lock);
    *flag = TRUE;
    g_cond_broadcast(&watcher->wake);
    g_mutex_unlock(&watcher->lock);
}

void hostdev_watcher_kick(HostdevWatcher *watcher)
{
    hostdev_watcher_set_flag(watcher, &watcher->is_dirty);
}

void hostdev_watcher_start_failed(HostdevWatcher *watcher)
{
    hostdev_watcher_set_flag(watcher, &watcher->has_start_failed);
}

static gint64 double_retry(gint64 retry)
{
    return CLAMP(retry * 2, RETRY_MIN, RECONCILE_RETRY_MAX);
}

/* Schedules another try: a release may succeed when a guest has closed the device. Logs the same warning only once. */
static void note_failure(HostdevWatcher *watcher, const char *warning)
{
    watcher->retry = double_retry(watcher->retry);
    if (g_strcmp0(watcher->last_warning, warning) == 0)
        return;
    g_free(watcher->last_warning);
    watcher->last_warning = g_strdup(warning);
    g_warning("%s; trying again", warning);
}

static void release_orphans(HostdevWatcher *watcher, HostdevLive *live)
{
    g_autoptr(GError) error = NULL;
    gboolean is_outdated = FALSE;

    if (!hostdev_manager_reconcile(watcher->manager, live, NULL, &is_outdated, &error)) {
        note_failure(watcher, error->message);
        return;
    }
    watcher->retry = 0;
    g_clear_pointer(&watcher->last_warning, g_free);
    if (is_outdated)
        hostdev_watcher_kick(watcher);
}

static void reconcile(HostdevWatcher *watcher, virConnectPtr conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HostdevLive) live = hostdev_query_domains(conn, watcher->manager, &error);
    gboolean may_release;

    if (!live) {
        /* watch() notices a lost connection, and watch_thread() opens the next one. */
        if (virConnectIsAlive(conn) == 1)
            note_failure(watcher, error->message);
        return;
    }
    watcher->incomplete_retry = hostdev_live_is_complete(live) ? 0 : double_retry(watcher->incomplete_retry);
    g_mutex_lock(&watcher->lock);
    may_release = watcher->is_reconciling = !watcher->is_stopping;
    g_mutex_unlock(&watcher->lock);
    if (may_release)
        release_orphans(watcher, live);
    g_mutex_lock(&watcher->lock);
    watcher->is_reconciling = FALSE;
    g_cond_broadcast(&watcher->wake);
    g_mutex_unlock(&watcher->lock);
}

/* Returns the smaller of two times or durations; 0 means never. */
static gint64 earlier(gint64 one, gint64 other)
{
    return one && other ? MIN(one, other) : MAX(one, other);
}

/* Returns the time of a query that no event causes: after a failed query, or a failed start; 0: never. */
static gint64 next_query(const HostdevWatcher *watcher, gint64 retry_at)
{
    return earlier(retry_at, watcher->has_start_failed ? watcher->queried + START_FAILED_INTERVAL : 0);
}

/* Waits until a query is due. Returns FALSE if the connection is lost, or the watcher is stopping. */
static gboolean wait_for_work(HostdevWatcher *watcher)
{
    gint64 retry = earlier(watcher->retry, watcher->incomplete_retry);
    gint64 retry_at = retry ? g_get_monotonic_time() + retry : 0;
    gboolean has_work;

    g_mutex_lock(&watcher->lock);
    while (!watcher->is_dirty && !watcher->is_lost && !watcher->is_stopping) {
        gint64 until = next_query(watcher, retry_at);

        if (!until)
            g_cond_wait(&watcher->wake, &watcher->lock);
        else if (!g_cond_wait_until(&watcher->wake, &watcher->lock, until))
            break;
    }
    has_work = !watcher->is_lost && !watcher->is_stopping;
    watcher->is_dirty = FALSE;
    watcher->has_start_failed = FALSE;
    watcher->queried = g_get_monotonic_time();
    g_mutex_unlock(&watcher->lock);
    return has_work;
}

static void watch(HostdevWatcher *watcher, virConnectPtr conn)
{
    HostdevSubscriptions subscriptions;

    g_mutex_lock(&watcher->lock);
    watcher->is_lost = FALSE;
    watcher->is_dirty = TRUE;
    g_mutex_unlock(&watcher->lock);
    if (hostdev_watcher_subscribe(watcher, conn, &subscriptions)) {
        g_message("watching domains");
        while (wait_for_work(watcher))
            reconcile(watcher, conn);
        if (!hostdev_watcher_is_stopping(watcher))
            g_message("lost the connection to libvirt");
    } else if (!hostdev_watcher_is_stopping(watcher)) {
        g_warning("cannot subscribe to libvirt's events: %s", virGetLastErrorMessage());
    }
    hostdev_watcher_unsubscribe(conn, &subscriptions);
}

/* Waits for the duration, but not longer than to the stop. */
static void wait_to_retry(HostdevWatcher *watcher, gint64 retry)
{
    gint64 until = g_get_monotonic_time() + retry;

    g_mutex_lock(&watcher->lock);
    while (!watcher->is_stopping && g_cond_wait_until(&watcher->wake, &watcher->lock, until))
        ;
    g_mutex_unlock(&watcher->lock);
}

/* The thread calls this last. hostdev_watcher_start() calls it if the thread did not start. */
static void thread_ended(HostdevWatcher *watcher)
{
    g_mutex_lock(&watcher->lock);
    watcher->is_running = FALSE;
    g_cond_broadcast(&watcher->wake);
    g_mutex_unlock(&watcher->lock);
    hostdev_watcher_unref(watcher);
}

static gpointer watch_thread(gpointer data)
{
    HostdevWatcher *watcher = data;
    gint64 retry = RETRY_MIN;

    while (!hostdev_watcher_is_stopping(watcher)) {
        virConnectPtr conn = hostdev_watcher_connect(watcher);

        if (conn) {
            retry = RETRY_MIN;
            watch(watcher, conn);
            virConnectClose(conn);
        } else if (retry == RETRY_MIN && !hostdev_watcher_is_stopping(watcher)) {
            g_message("libvirt cannot be reached, trying again: %s", virGetLastErrorMessage());
        }
        wait_to_retry(watcher, retry);
        retry = MIN(retry * 2, CONNECT_RETRY_MAX);
    }
    thread_ended(watcher);
    return NULL;
}

HostdevWatcher *hostdev_watcher_new(const char *socket, HostdevManager *manager)
{
    HostdevWatcher *watcher = g_atomic_rc_box_new0(HostdevWatcher);
    g_autofree char *escaped = g_uri_escape_string(socket, "/", FALSE);

    watcher->socket = g_strdup(socket);
    watcher->uri = g_strdup_printf("qemu+unix:///system?socket=%s", escaped);
    watcher->manager = hostdev_manager_ref(manager);
    g_mutex_init(&watcher->lock);
    g_cond_init(&watcher->wake);
    return watcher;
}

gboolean hostdev_watcher_start(HostdevWatcher *watcher, GError **error)
{
    hostdev_libvirt_prepare();
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        g_warning("libvirt's client library does not start: %s", virGetLastErrorMessage());
        return TRUE;
    }
    watcher->events = ccw_libvirt_events_start(error);
    if (!watcher->events)
        return FALSE;
    watcher->is_running = TRUE;
    watcher->thread = ccw_thread_start("watcher", watch_thread, hostdev_watcher_ref(watcher), error);
    if (!watcher->thread)
        thread_ended(watcher);
    return watcher->thread != NULL;
}

/*
 * Waits for the thread. It may be about to make a connection, so this function shuts connections down at intervals. It
 * waits longer for a release, which no other thread can end: a stopped QEMU may delay it for ever, and the journal has
 * the entry for the next virtccwd.
 */
static gboolean wait_for_thread(HostdevWatcher *watcher)
{
    gint64 now = g_get_monotonic_time();
    gint64 release_until = now + RELEASE_TIMEOUT, until = now + CALL_TIMEOUT;
    gboolean has_ended;

    g_mutex_lock(&watcher->lock);
    while (watcher->is_running && now < until) {
        g_mutex_unlock(&watcher->lock);
        ccw_fd_shut_down_connections(watcher->socket);
        g_mutex_lock(&watcher->lock);
        if (watcher->is_running)
            g_cond_wait_until(&watcher->wake, &watcher->lock, now + SHUT_DOWN_INTERVAL);
        now = g_get_monotonic_time();
        if (watcher->is_reconciling)
            until = MIN(now + CALL_TIMEOUT, release_until);
    }
    has_ended = !watcher->is_running;
    g_mutex_unlock(&watcher->lock);
    return has_ended;
}

/* libvirt's event loop runs until the last call to libvirt has ended, because the calls need it. */
gboolean hostdev_watcher_stop(HostdevWatcher *watcher)
{
    gboolean has_ended;

    hostdev_watcher_set_flag(watcher, &watcher->is_stopping);
    ccw_fd_shut_down_connections(watcher->socket); /* also those of other threads that ask for the watcher */
    has_ended = wait_for_thread(watcher);
    if (watcher->thread && has_ended)
        g_thread_join(watcher->thread);
    else if (watcher->thread)
        g_thread_unref(watcher->thread);
    watcher->thread = NULL;
    return has_ended && (!watcher->events || ccw_libvirt_events_stop(g_steal_pointer(&watcher->events),
                                                                     g_get_monotonic_time() + CALL_TIMEOUT));
}
