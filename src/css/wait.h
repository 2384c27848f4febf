/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waits for work that the kernel continues after a write has returned: it recognises a ccw device some time after its
 * subchannel was bound. sysfs has no inotify events. Therefore css_wait_until() checks its condition at each uevent,
 * and also at intervals: uevents stay within a network namespace, and the kernel may drop them.
 */
#pragma once

#include <glib.h>

/* Returns: TRUE as soon as check(data) returns TRUE; FALSE if it does not within @timeout_ms. */
gboolean css_wait_until(gboolean (*check)(gpointer data), gpointer data, guint timeout_ms);
