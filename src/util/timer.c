/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/timer.h"

guint ccw_timer_add(guint milliseconds, GSourceFunc func, gpointer data)
{
    g_autoptr(GSource) source = g_timeout_source_new(milliseconds); /* a busy loop would never call an idle source */

    g_source_set_callback(source, func, data, NULL);
    return g_source_attach(source, g_main_context_get_thread_default());
}

static GSource *find(guint timer)
{
    return g_main_context_find_source_by_id(g_main_context_get_thread_default(), timer);
}

void ccw_timer_remove(guint timer)
{
    g_source_destroy(find(timer));
}

void ccw_timer_advance(guint timer, gint64 microseconds)
{
    GSource *source = find(timer);

    g_source_set_ready_time(source, g_source_get_ready_time(source) - microseconds);
}
