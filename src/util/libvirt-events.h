/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that runs the event loop of libvirt's library, for the sockets and the keepalive of connections. The
 * library has one loop for the process. This is a library of its own, so that programs without libvirt can use util.
 */
#pragma once

#include <glib.h>

typedef struct _CcwLibvirtEvents CcwLibvirtEvents;

/**
 * ccw_libvirt_events_start:
 *
 * Call virEventRegisterDefaultImpl() before this function, and open connections after it.
 *
 * Returns: the running loop, or NULL with CCW_ERROR_SYSTEM if the thread cannot be started
 */
CcwLibvirtEvents *ccw_libvirt_events_start(GError **error);

/**
 * ccw_libvirt_events_stop:
 * @events: freed
 * @until: g_get_monotonic_time() at which this function no longer waits; G_MAXINT64: wait for the end
 *
 * Ends the thread. Call this function after the last connection is closed.
 *
 * Returns: FALSE if the thread still runs
 */
gboolean ccw_libvirt_events_stop(CcwLibvirtEvents *events, gint64 until);
