/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same for many devices at once. Most of what a device is waited for is the kernel's time, which is each device's
 * own: tens of milliseconds an online, an offline and a bind.
 */
#pragma once

#include <glib.h>

#define CCW_PARALLEL_MAX 16 /* threads at most; a start of a guest with more devices takes turns */

/*
 * Calls func for each index below n, on up to width threads, the calling one among them; returns when all are done.
 * An index is begun after those before it have been. Threads that cannot be had are done without.
 */
void ccw_parallel_run(guint n, guint width, void (*func)(guint index, gpointer data), gpointer data);
