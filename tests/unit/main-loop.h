/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for effects of the main loop, or of another thread that wakes it up. */
#pragma once

#include <glib.h>

typedef gboolean (*MainLoopCondition)(gpointer data);

/*
 * Runs the main loop until the condition is true, and fails the test after some seconds. The condition changes in the
 * main loop, or in a thread that calls g_main_context_wakeup() after it.
 */
void main_loop_wait(MainLoopCondition condition, gpointer data);

/* The same for a flag that becomes TRUE. */
void main_loop_wait_flag(const gboolean *flag);
