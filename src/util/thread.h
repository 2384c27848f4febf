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
