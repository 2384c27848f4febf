/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for what the kernel does behind a write that has returned: a ccw device is recognised some time after its
 * subchannel was bound. sysfs makes no inotify events, so a look is taken at each uevent; and at times without one,
 * since uevents stay within a network namespace and may be dropped.
 */
#pragma once

#include <glib.h>

/* Returns TRUE as soon as check(data) does, FALSE if it has not within timeout_ms. */
gboolean ccw_wait_until(gboolean (*check)(gpointer data), gpointer data, guint timeout_ms);
