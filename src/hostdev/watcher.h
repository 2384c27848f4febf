/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Releases orphaned devices. virtccwd has its own connection to libvirt, as a client of the public API, and gets an
 * event when a guest has closed a device or a domain has stopped. Events can be lost: at each event, and after each
 * connect, the watcher reads the live XML of all running domains, and releases the devices that no domain has.
 */
#pragma once

#include <glib.h>

#include "hostdev/manager.h"

typedef struct _HostdevWatcher HostdevWatcher;

/**
 * hostdev_watcher_new:
 * @socket: of the backend; the watcher waits for a backend that does not exist yet
 * @manager: the watcher takes a reference of its own
 *
 * Returns: a watcher without threads
 */
HostdevWatcher *hostdev_watcher_new(const char *socket, HostdevManager *manager);

/* Any thread may call these. */
HostdevWatcher *hostdev_watcher_ref(HostdevWatcher *watcher);
void hostdev_watcher_unref(HostdevWatcher *watcher);

/**
 * hostdev_watcher_start:
 *
 * Starts the watcher's threads.
 *
 * Returns: FALSE with CCW_ERROR_SYSTEM if a thread cannot be started
 */
gboolean hostdev_watcher_start(HostdevWatcher *watcher, GError **error);

/**
 * hostdev_watcher_query:
 *
 * Asks libvirt, on a new connection, which devices the running domains have. Waits for libvirt. Any thread may call it.
 *
 * Returns: NULL with CCW_ERROR_SYSTEM
 */
HostdevLive *hostdev_watcher_query(HostdevWatcher *watcher, GError **error);

/* Waits, some seconds at most, until libvirt lists a node device. Any thread may call it. */
void hostdev_watcher_wait_listed(HostdevWatcher *watcher, const char *node);

/* Makes the watcher query the domains soon. Any thread may call it. */
void hostdev_watcher_kick(HostdevWatcher *watcher);

/**
 * hostdev_watcher_start_failed:
 *
 * A client's start of a domain has failed. Makes the watcher query the domains, but at most once a second for this
 * reason: even clients without the right to start a domain can cause it. Any thread may call it.
 */
void hostdev_watcher_start_failed(HostdevWatcher *watcher);

/**
 * hostdev_watcher_stop:
 *
 * Ends the threads. Waits some seconds for the end of a release. Ends calls to libvirt by shutting down this process's
 * connections to the backend's socket, all of them: call this after the clients' connections have ended.
 *
 * Returns: FALSE if a thread still runs: the kernel does not end a release, or libvirt does not accept a connection.
 * The thread keeps the watcher and the manager alive
 */
gboolean hostdev_watcher_stop(HostdevWatcher *watcher);
