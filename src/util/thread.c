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

typedef struct {
    guint n;
    gint next; /* atomic */
    void (*func)(guint index, gpointer data);
    gpointer data;
} Work;

static gpointer do_work(gpointer data)
{
    Work *work = data;
    guint index;

    while ((index = (guint)g_atomic_int_add(&work->next, 1)) < work->n)
        work->func(index, work->data);
    return NULL;
}

void ccw_parallel_run(guint n, guint width, void (*func)(guint index, gpointer data), gpointer data)
{
    Work work = { .n = n, .func = func, .data = data };
    g_autoptr(GPtrArray) threads = g_ptr_array_new();

    for (guint i = 1; i < MIN(n, width); i++) {
        GThread *thread = g_thread_try_new("ccw-devices", do_work, &work, NULL);

        if (!thread)
            break;
        g_ptr_array_add(threads, thread);
    }
    do_work(&work);
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
}
