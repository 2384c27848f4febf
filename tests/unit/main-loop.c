/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "main-loop.h"

#define SECONDS 20

static gboolean on_late(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_CONTINUE;
}

void main_loop_wait(MainLoopCondition condition, gpointer data)
{
    gboolean is_late = FALSE;
    guint late = g_timeout_add_seconds(SECONDS, on_late, &is_late);

    while (!condition(data) && !is_late)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(late);
    g_assert_false(is_late);
}

static gboolean is_set(gpointer data)
{
    return *(const gboolean *)data;
}

void main_loop_wait_flag(const gboolean *flag)
{
    main_loop_wait(is_set, (gpointer)flag);
}
