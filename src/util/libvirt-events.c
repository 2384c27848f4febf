/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/libvirt-events.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "util/thread.h"

/* The thread has a reference. */
struct _CcwLibvirtEvents {
    GThread *thread;
    gint is_ending; /* atomic */
    GMutex lock;    /* guards has_ended */
    GCond ended;
    gboolean has_ended;
};

static void clear(gpointer data)
{
    CcwLibvirtEvents *events = data;

    g_mutex_clear(&events->lock);
    g_cond_clear(&events->ended);
}

/* The callbacks of the loop only set flags. */
static gpointer run(gpointer data)
{
    CcwLibvirtEvents *events = data;
    int rc = 0;

    while (rc == 0 && !g_atomic_int_get(&events->is_ending))
        rc = virEventRunDefaultImpl();
    if (rc != 0)
        g_warning("libvirt's event loop has ended: %s", virGetLastErrorMessage());
    g_mutex_lock(&events->lock);
    events->has_ended = TRUE;
    g_cond_broadcast(&events->ended);
    g_mutex_unlock(&events->lock);
    g_atomic_rc_box_release_full(events, clear);
    return NULL;
}

CcwLibvirtEvents *ccw_libvirt_events_start(GError **error)
{
    CcwLibvirtEvents *events = g_atomic_rc_box_new0(CcwLibvirtEvents);

    g_mutex_init(&events->lock);
    g_cond_init(&events->ended);
    events->thread = ccw_thread_start("events", run, g_atomic_rc_box_acquire(events), error);
    if (events->thread)
        return events;
    g_atomic_rc_box_release(events); /* the thread's */
    g_atomic_rc_box_release_full(events, clear);
    return NULL;
}

static void on_wake(int timer, void *data G_GNUC_UNUSED)
{
    virEventRemoveTimeout(timer);
}

gboolean ccw_libvirt_events_stop(CcwLibvirtEvents *events, gint64 until)
{
    gboolean has_ended;

    g_atomic_int_set(&events->is_ending, TRUE);
    virEventAddTimeout(0, on_wake, NULL, NULL); /* wakes the loop */
    g_mutex_lock(&events->lock);
    while (!events->has_ended && g_cond_wait_until(&events->ended, &events->lock, until))
        ;
    has_ended = events->has_ended;
    g_mutex_unlock(&events->lock);
    if (has_ended)
        g_thread_join(events->thread);
    else
        g_thread_unref(events->thread);
    g_atomic_rc_box_release_full(events, clear);
    return has_ended;
}
