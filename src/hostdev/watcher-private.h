/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of the watcher, for watcher.c, its thread, and watcher-connection.c, its connections to libvirt. */
#pragma once

#include <libvirt/libvirt.h>

#include "hostdev/watcher.h"
#include "util/libvirt-events.h"

/* The thread has a reference, and so has each callback that libvirt may call. */
struct _HostdevWatcher {
    char *socket;
    char *uri;
    HostdevManager *manager;  /* a reference */
    CcwLibvirtEvents *events; /* NULL: libvirt's client library does not start */
    GThread *thread;          /* NULL: not started, or joined */
    GMutex lock;              /* guards the flags; no thread holds it during a call to libvirt */
    GCond wake;
    gboolean is_running;       /* the thread */
    gboolean is_dirty;         /* a device may be orphaned */
    gboolean has_start_failed; /* the same, but the query may wait */
    gboolean is_lost;          /* the connection */
    gboolean is_stopping;      /* begin no further release, and no call to libvirt */
    gboolean is_reconciling;

    /* Only the watcher's thread uses these: */
    gint64 retry;            /* delay after a failure; 0: the last release succeeded */
    gint64 incomplete_retry; /* delay after an incomplete query; 0: the last query was complete */
    gint64 queried;          /* when the last query began; 0: never */
    char *last_warning;
};

#define HOSTDEV_SUBSCRIPTIONS 2

/* libvirt's numbers of the callbacks of one connection; negative: not registered */
typedef struct {
    int registered[HOSTDEV_SUBSCRIPTIONS];
} HostdevSubscriptions;

/* Returns: whether the watcher's thread must end. Any thread may call this function. */
gboolean hostdev_watcher_is_stopping(HostdevWatcher *watcher);

/* Sets a flag of the watcher, under its lock, and wakes its thread. */
void hostdev_watcher_set_flag(HostdevWatcher *watcher, gboolean *flag);

/* Returns: NULL also if the watcher is stopping. */
virConnectPtr hostdev_watcher_connect(HostdevWatcher *watcher);

/**
 * hostdev_watcher_subscribe:
 * @ret_subscriptions: for hostdev_watcher_unsubscribe(), which the caller calls also on failure
 *
 * Makes libvirt's events and the end of the connection wake the watcher.
 *
 * Returns: FALSE with libvirt's error
 */
gboolean hostdev_watcher_subscribe(HostdevWatcher *watcher, virConnectPtr conn,
                                   HostdevSubscriptions *ret_subscriptions);

/**
 * hostdev_watcher_unsubscribe:
 *
 * A registered callback keeps its connection, with a descriptor, alive after virConnectClose(). Deregistering works
 * even if libvirt has ended: the library removes the callback before it sends the request.
 */
void hostdev_watcher_unsubscribe(virConnectPtr conn, const HostdevSubscriptions *subscriptions);
