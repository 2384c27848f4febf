/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads of processes that must go on when there is no room for one more thread: g_thread_new() would abort them. */
#pragma once

#include <glib.h>

/*
 * ccw_thread_start:
 *
 * Returns: a thread to join, or NULL with CCW_ERROR_SYSTEM when a limit on threads or processes is reached.
 */
GThread *ccw_thread_start(const char *name, GThreadFunc func, gpointer data, GError **error);

/*
 * The same for many devices at once. Most of what a device is waited for is the kernel's time, which is each device's
 * own: tens of milliseconds an online, an offline and a bind.
 */
#define CCW_PARALLEL_MAX 16 /* threads at most; a start of a guest with more devices takes turns */

/*
 * Calls func for each index below n, on up to width threads, the calling one among them; returns when all are done.
 * An index is begun after those before it have been. Threads that cannot be had are done without.
 */
void ccw_parallel_run(guint n, guint width, void (*func)(guint index, gpointer data), gpointer data);
