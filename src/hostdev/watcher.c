/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/watcher.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "css/wait.h"
#include "hostdev/live-domains.h"
#include "util/error.h"
#include "util/thread.h"

#define RETRY_MIN (G_TIME_SPAN_SECOND / 4) /* doubled with each failure */
#define CONNECT_RETRY_MAX (5 * G_TIME_SPAN_SECOND)
#define RECONCILE_RETRY_MAX G_TIME_SPAN_MINUTE
#define STOP_PATIENCE (10 * G_TIME_SPAN_SECOND)
#define START_FAILED_INTERVAL G_TIME_SPAN_SECOND
#define KEEPALIVE_SECONDS 5
#define LISTED_MS 5000
#define KEEPALIVE_COUNT 5

/*
 * libvirt has one type for the callbacks of all events, and calls each by the type of its event. Its own macro casts
 * from the one to the other, which clang 19 rejects; a cast by way of void (*)(void) marks it as intended.
 */
#define EVENT_CALLBACK(callback) ((virConnectDomainEventGenericCallback)(void (*)(void))(callback))

struct _CcwWatcher {
    char *uri;
    CcwManager *manager;
    GMutex lock; /* of the flags; not held across a call to libvirt */
    GCond wake;
    gboolean dirty;        /* something may have to go back */
    gboolean start_failed; /* the same, but not at once */
    gboolean lost;         /* the connection */
    gboolean stopping;     /* nothing is given back any more */
    gboolean reconciling;  /* right now */

    /* Of the watcher's thread alone: */
    gint64 retry;      /* how long after a failure; 0: the last one went well */
    gint64 retry_rest; /* how long after a look that was not complete; 0: the last one was complete */
    gint64 looked;     /* when it began to look the last time; 0: never */
    char *complaint;   /* the last one that was logged */
};

static void set(CcwWatcher *watcher, gboolean *flag)
{
    g_mutex_lock(&watcher->lock);
    *flag = TRUE;
    g_cond_broadcast(&watcher->wake);
    g_mutex_unlock(&watcher->lock);
}

void ccw_watcher_kick(CcwWatcher *watcher)
{
    set(watcher, &watcher->dirty);
}

void ccw_watcher_start_failed(CcwWatcher *watcher)
{
    set(watcher, &watcher->start_failed);
}

static const char *last_error(void)
{
    const char *message = virGetLastErrorMessage();

    return message ? message : "no reason is given";
}

/* libvirt's library knows both: the daemon is not asked. */
static void note_name(CcwWatcher *watcher, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (virDomainGetUUIDString(domain, uuid) == 0)
        ccw_manager_note_name(watcher->manager, uuid, virDomainGetName(domain));
}

static void on_removed(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, const char *alias G_GNUC_UNUSED,
                       void *data)
{
    note_name(data, domain);
    ccw_watcher_kick(data);
}

static int on_lifecycle(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, int event, int detail G_GNUC_UNUSED,
                        void *data)
{
    note_name(data, domain);
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        ccw_watcher_kick(data);
    return 0;
}

static void on_close(virConnectPtr conn G_GNUC_UNUSED, int reason G_GNUC_UNUSED, void *data)
{
    CcwWatcher *watcher = data;

    set(watcher, &watcher->lost);
}

typedef struct {
    int id;
    virConnectDomainEventGenericCallback callback;
    int registered; /* libvirt's number of it; negative: not registered */
} Subscription;

static gboolean subscribe(virConnectPtr conn, CcwWatcher *watcher, Subscription *subscriptions, gsize count)
{
    if (virConnectRegisterCloseCallback(conn, on_close, watcher, NULL) < 0 ||
        virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT) < 0)
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        Subscription *one = &subscriptions[i];

        one->registered = virConnectDomainEventRegisterAny(conn, NULL, one->id, one->callback, watcher, NULL);
        if (one->registered < 0)
            return FALSE;
    }
    return TRUE;
}

/*
 * Each callback that stays registered keeps its connection, with a descriptor, after virConnectClose(). That libvirt is
 * gone, and so cannot be told, does not matter: the callback is removed first.
 */
static void unsubscribe(virConnectPtr conn, const Subscription *subscriptions, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (subscriptions[i].registered >= 0)
            virConnectDomainEventDeregisterAny(conn, subscriptions[i].registered);
    virConnectUnregisterCloseCallback(conn, on_close);
}

CcwLive *ccw_watcher_look(CcwWatcher *watcher, GError **error)
{
    virConnectPtr conn = virConnectOpen(watcher->uri);
    CcwLive *live;

    if (!conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot ask libvirt which running domains have the device: %s",
                    last_error());
        return NULL;
    }
    live = ccw_look(conn, watcher->manager, error);
    virConnectClose(conn);
    return live;
}

typedef struct {
    virConnectPtr conn;
    const char *node;
} Listed;

/* Also when libvirt cannot be asked. */
static gboolean is_listed(gpointer data)
{
    const Listed *listed = data;
    virNodeDevicePtr device = virNodeDeviceLookupByName(listed->conn, listed->node);

    if (!device)
        return virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE;
    virNodeDeviceFree(device);
    return TRUE;
}

void ccw_watcher_wait_listed(CcwWatcher *watcher, const char *node)
{
    Listed listed = { virConnectOpen(watcher->uri), node };

    if (!listed.conn)
        return;
    ccw_wait_until(is_listed, &listed, LISTED_MS);
    virConnectClose(listed.conn);
}

static gint64 double_retry(gint64 retry)
{
    return CLAMP(retry * 2, RETRY_MIN, RECONCILE_RETRY_MAX);
}

/* A device that cannot go back now may do so later, when a guest has let go of it. Logs each complaint once. */
static void failed(CcwWatcher *watcher, const char *complaint)
{
    watcher->retry = double_retry(watcher->retry);
    if (g_strcmp0(watcher->complaint, complaint) == 0)
        return;
    g_free(watcher->complaint);
    watcher->complaint = g_strdup(complaint);
    g_warning("%s; trying again", complaint);
}

static void give_back(CcwWatcher *watcher, CcwLive *live)
{
    g_autoptr(GError) error = NULL;
    gboolean stale = FALSE;

    if (!ccw_manager_reconcile(watcher->manager, live, NULL, &stale, &error)) {
        failed(watcher, error->message);
        return;
    }
    watcher->retry = 0;
    g_clear_pointer(&watcher->complaint, g_free);
    if (stale)
        ccw_watcher_kick(watcher);
}

static void reconcile(CcwWatcher *watcher, virConnectPtr conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwLive) live = ccw_look(conn, watcher->manager, &error);
    gboolean go;

    if (!live) {
        /* watch() notices a lost connection, and opens the next one. */
        if (virConnectIsAlive(conn) == 1)
            failed(watcher, error->message);
        return;
    }
    watcher->retry_rest = ccw_live_is_complete(live) ? 0 : double_retry(watcher->retry_rest);
    g_mutex_lock(&watcher->lock);
    go = watcher->reconciling = !watcher->stopping;
    g_mutex_unlock(&watcher->lock);
    if (go)
        give_back(watcher, live);
    g_mutex_lock(&watcher->lock);
    watcher->reconciling = FALSE;
    g_cond_broadcast(&watcher->wake);
    g_mutex_unlock(&watcher->lock);
}

/* The lesser of two times or durations, of which 0 stands for never. */
static gint64 earlier(gint64 one, gint64 other)
{
    return one && other ? MIN(one, other) : MAX(one, other);
}

/* When to look although no event calls for it: after a failed look, or a failed start. 0: never. */
static gint64 next_look(const CcwWatcher *watcher, gint64 retry_at)
{
    return earlier(retry_at, watcher->start_failed ? watcher->looked + START_FAILED_INTERVAL : 0);
}

/* TRUE if there is something to look for, FALSE when the connection is lost. */
static gboolean wait_for_work(CcwWatcher *watcher)
{
    gint64 retry = earlier(watcher->retry, watcher->retry_rest);
    gint64 retry_at = retry ? g_get_monotonic_time() + retry : 0;
    gboolean work;

    g_mutex_lock(&watcher->lock);
    while (!watcher->dirty && !watcher->lost) {
        gint64 until = next_look(watcher, retry_at);

        if (!until)
            g_cond_wait(&watcher->wake, &watcher->lock);
        else if (!g_cond_wait_until(&watcher->wake, &watcher->lock, until))
            break;
    }
    work = !watcher->lost;
    watcher->dirty = FALSE;
    watcher->start_failed = FALSE;
    watcher->looked = g_get_monotonic_time();
    g_mutex_unlock(&watcher->lock);
    return work;
}

static void watch(CcwWatcher *watcher, virConnectPtr conn)
{
    Subscription subscriptions[] = {
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, EVENT_CALLBACK(on_removed), -1 },
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, EVENT_CALLBACK(on_lifecycle), -1 },
    };

    g_mutex_lock(&watcher->lock);
    watcher->lost = FALSE;
    watcher->dirty = TRUE;
    g_mutex_unlock(&watcher->lock);
    if (subscribe(conn, watcher, subscriptions, G_N_ELEMENTS(subscriptions))) {
        g_message("watching domains");
        while (wait_for_work(watcher))
            reconcile(watcher, conn);
        g_message("libvirt has gone away");
    } else {
        g_warning("cannot subscribe to libvirt's events: %s", last_error());
    }
    unsubscribe(conn, subscriptions, G_N_ELEMENTS(subscriptions));
}

static gpointer watch_thread(gpointer data)
{
    CcwWatcher *watcher = data;
    gint64 retry = RETRY_MIN;

    for (;;) {
        virConnectPtr conn = virConnectOpen(watcher->uri);

        if (conn) {
            retry = RETRY_MIN;
            watch(watcher, conn);
            virConnectClose(conn);
        } else if (retry == RETRY_MIN) {
            g_message("libvirt cannot be reached, trying again: %s", last_error());
        }
        g_usleep((gulong)retry);
        retry = MIN(retry * 2, CONNECT_RETRY_MAX);
    }
    return NULL;
}

/* libvirt's event loop: sockets and keepalive of the connection; callbacks only set flags. */
static gpointer event_thread(gpointer data G_GNUC_UNUSED)
{
    while (virEventRunDefaultImpl() == 0)
        ;
    g_warning("libvirt's event loop has ended: %s", last_error());
    return NULL;
}

static gboolean start_thread(const char *name, GThreadFunc func, gpointer data, GError **error)
{
    GThread *thread = ccw_thread_start(name, func, data, error);

    if (thread)
        g_thread_unref(thread);
    return thread != NULL;
}

CcwWatcher *ccw_watcher_start(const char *socket, CcwManager *manager, GError **error)
{
    CcwWatcher *watcher = g_new0(CcwWatcher, 1);
    g_autofree char *escaped = g_uri_escape_string(socket, "/", FALSE);

    watcher->uri = g_strdup_printf("qemu+unix:///system?socket=%s", escaped);
    watcher->manager = manager;
    g_mutex_init(&watcher->lock);
    g_cond_init(&watcher->wake);
    ccw_libvirt_prepare();
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        g_warning("libvirt's client library does not start: %s", last_error());
        return watcher;
    }
    if (!start_thread("events", event_thread, NULL, error) || !start_thread("watcher", watch_thread, watcher, error))
        return NULL; /* the other thread may use it: it is left as it is */
    return watcher;
}

/* A QEMU that is stopped may hold a giving back up for ever; the journal has it for the next virtccwd. */
void ccw_watcher_stop(CcwWatcher *watcher)
{
    gint64 until = g_get_monotonic_time() + STOP_PATIENCE;

    g_mutex_lock(&watcher->lock);
    watcher->stopping = TRUE;
    while (watcher->reconciling && g_cond_wait_until(&watcher->wake, &watcher->lock, until))
        ;
    g_mutex_unlock(&watcher->lock);
}
