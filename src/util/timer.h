/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers of a thread that has a GMainContext of its own. GLib's g_timeout_add() always takes the default context, which
 * libvirt's event loop runs in a thread of its own.
 */
#pragma once

#include <glib.h>

/**
 * ccw_timer_add:
 * @milliseconds: after which @func is called; 0: in the next turn of the main loop
 * @func: returns G_SOURCE_REMOVE to end the timer, or G_SOURCE_CONTINUE to be called again
 * @data: for @func, which does not own it
 *
 * Starts a timer in the thread-default context of the calling thread.
 *
 * Returns: the timer's number, which is not 0.
 */
guint ccw_timer_add(guint milliseconds, GSourceFunc func, gpointer data);

/**
 * ccw_timer_remove:
 * @timer: of ccw_timer_add() in the same thread, and not ended yet
 *
 * Ends a timer. This is the function for g_clear_handle_id().
 */
void ccw_timer_remove(guint timer);

/**
 * ccw_timer_advance:
 * @timer: of ccw_timer_add() in the same thread, and not ended yet
 * @microseconds: by which it ends earlier
 */
void ccw_timer_advance(guint timer, gint64 microseconds);
