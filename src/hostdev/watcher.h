/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd's own connection to libvirt, as a client of its public API, to hear of devices that a guest has let go of
 * and of domains that have stopped. It trusts no event to be the only one: each makes it look at the live XML of all
 * running domains and give back what is in none (by level), and so does each connect.
 */
#pragma once

#include <glib.h>

#include "hostdev/manager.h"

typedef struct _CcwWatcher CcwWatcher;

/*
 * socket: the backend's. Threads of its own; an absent backend is waited for. manager outlives it. Error:
 * CCW_ERROR_SYSTEM, a thread cannot be started.
 */
CcwWatcher *ccw_watcher_start(const char *socket, CcwManager *manager, GError **error);

/* What the running domains have, on a connection of its own. Any thread; waits for libvirt. Error: CCW_ERROR_SYSTEM. */
CcwLive *ccw_watcher_look(CcwWatcher *watcher, GError **error);

/* Waits, some seconds at most, until libvirt lists a node device. Any thread. */
void ccw_watcher_wait_listed(CcwWatcher *watcher, const char *node);

/* Look soon. Any thread. */
void ccw_watcher_kick(CcwWatcher *watcher);

/*
 * ccw_watcher_start_failed:
 *
 * A client's start failed. Also a client that may start nothing makes that happen, so the watcher looks for this reason
 * at most once a second. Any thread.
 */
void ccw_watcher_start_failed(CcwWatcher *watcher);

/* Waits some seconds for a giving-back that is going on, not for libvirt. The threads end with the process. */
void ccw_watcher_stop(CcwWatcher *watcher);
