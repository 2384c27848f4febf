/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/thread.h"

#include "util/error.h"

GThread *ccw_thread_start(const char *name, GThreadFunc func, gpointer data, GError **error)
{
    g_autoptr(GError) local = NULL;
    GThread *thread = g_thread_try_new(name, func, data, &local);

    if (!thread)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot start thread %s: %s; raise the limit of tasks", name,
                    local->message);
    return thread;
}
