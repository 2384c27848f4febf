/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts threads in processes that must survive when the system allows no more threads: g_thread_new() aborts. */
#pragma once

#include <glib.h>

/**
 * ccw_thread_start:
 *
 * Returns: a thread to join, or NULL with CCW_ERROR_SYSTEM when a limit on threads or processes is reached
 */
GThread *ccw_thread_start(const char *name, GThreadFunc func, gpointer data, GError **error);

/*
 * How many devices one process changes at once. The kernel takes tens of milliseconds for each online, offline and bind
 * of a device, and it works on several devices in parallel.
 */
#define CCW_PARALLEL_MAX 16

/**
 * ccw_parallel_run:
 * @width: the most threads to use, with the calling one
 *
 * Calls @func for each index below @n, and returns when all calls have returned. The calls begin in the order of their
 * indexes. If a thread cannot be started, the others do its work.
 */
void ccw_parallel_run(guint n, guint width, void (*func)(guint index, gpointer data), gpointer data);
