/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-follow.h"

#include "trace/trace-find.h"
#include "trace/trace-idle.h"
#include "trace/trace-reader.h"
#include "util/error.h"

#define WAIT_MS 100

typedef struct {
    TraceOutput *output;
    const volatile sig_atomic_t *stop;
    pid_t pid;
    char *name; /* of the domain, or NULL */
    gboolean has_hints;
    TraceReader *reader;
} Follower;

static void follower_clear(gpointer data)
{
    Follower *follower = data;

    trace_reader_free(follower->reader);
    g_free(follower->name);
}

/* Prints a hint if the guest has done nothing for some time. */
static void check_idle(const Follower *follower, TraceIdle *idle)
{
    g_autofree char *hint = follower->has_hints
                                ? trace_idle_check(idle, follower->pid, follower->name, g_get_monotonic_time(),
                                                   trace_idle_cpu(follower->pid))
                                : NULL;

    if (hint)
        g_printerr("%s: %s\n", g_get_prgname(), hint);
}

/* Runs in a thread. After an invalid record the other records of this process are not trustworthy either. */
static gpointer write_records(gpointer data)
{
    Follower *follower = data;
    TraceRead result = TRACE_READ_NOTHING;
    g_autoptr(GError) error = NULL;
    const guint8 *bytes;
    TraceIdle idle = { 0 };
    guint64 lost;
    gsize length;

    trace_idle_on_io(&idle, g_get_monotonic_time());
    while (result != TRACE_READ_ENDED && !*follower->stop && !trace_output_is_done(follower->output)) {
        result = trace_reader_next(follower->reader, 0, &bytes, &length, &lost);
        if (result == TRACE_READ_NOTHING) {
            trace_output_flush(follower->output);
            result = trace_reader_next(follower->reader, WAIT_MS, &bytes, &length, &lost);
        }
        if (result == TRACE_READ_NOTHING)
            check_idle(follower, &idle);
        else if (follower->has_hints)
            trace_idle_on_io(&idle, g_get_monotonic_time());
        if (result == TRACE_READ_RECORD && !trace_output_put(follower->output, bytes, length, lost, &error)) {
            g_printerr("%s: process %d: %s\n", g_get_prgname(), (int)follower->pid, error->message);
            break;
        }
    }
    return NULL;
}

/* Finds the target's processes; waits for one if the target can wait. */
static GArray *find_processes(const TraceTarget *target, const volatile sig_atomic_t *stop, GError **error)
{
    GArray *pids;

    if (target->pid > 0) {
        pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
        return g_array_append_val(pids, target->pid);
    }
    for (;;) {
        g_autoptr(GError) problem = NULL;

        pids = trace_find_qemus(target->domain, &problem);
        if (pids)
            return pids;
        if (!target->can_wait || *stop || !g_error_matches(problem, CCW_ERROR, CCW_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        g_usleep(WAIT_MS * 1000);
    }
}

/* Returns: a Follower for each process that it can attach to, or NULL with an error if there is no such process. */
static GArray *attach_all(const TraceTarget *target, const GArray *pids, GError **error)
{
    g_autoptr(GArray) followers = g_array_new(FALSE, FALSE, sizeof(Follower));

    g_array_set_clear_func(followers, follower_clear);
    for (guint i = 0; i < pids->len; i++) {
        g_autoptr(GError) problem = NULL;
        Follower follower = { .pid = g_array_index(pids, pid_t, i) };

        follower.reader = trace_reader_attach(follower.pid, target->data_max, &problem);
        if (follower.reader) {
            g_array_append_val(followers, follower);
        } else if (followers->len == 0 && i + 1 == pids->len) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
    return g_steal_pointer(&followers);
}

/* Returns: whether a process has the device, or may have it because it cannot list all of its devices. */
static gboolean has_device(const GArray *followers, const CcwBusId *id)
{
    for (guint i = 0; i < followers->len; i++) {
        const TraceReader *reader = g_array_index(followers, Follower, i).reader;

        if (trace_reader_find_device(reader, id) != TRACE_DEVICE_ABSENT)
            return TRUE;
    }
    return FALSE;
}

static gboolean check_devices(const TraceTarget *target, const GArray *followers, GError **error)
{
    for (guint i = 0; i < target->devices->len && !target->can_wait; i++) {
        const CcwBusId *id = &g_array_index(target->devices, CcwBusId, i);
        g_autofree char *subject = target->domain    ? g_strdup_printf("domain '%s' has no", target->domain)
                                   : target->pid > 0 ? g_strdup_printf("process %d has no", (int)target->pid)
                                                     : g_strdup("no running QEMU has the");
        char buf[CCW_BUS_ID_STR_LEN];

        if (has_device(followers, id))
            continue;
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s embedded channel device %s%s", subject,
                    ccw_bus_id_format(id, buf), target->pid > 0 ? "" : " (--wait waits for it)");
        return FALSE;
    }
    return TRUE;
}

gboolean trace_follow(const TraceTarget *target, TraceOutput *output, const volatile sig_atomic_t *stop, GError **error)
{
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    g_autoptr(GArray) pids = find_processes(target, stop, error);
    g_autoptr(GArray) followers = pids ? attach_all(target, pids, error) : NULL;

    if (!followers || !check_devices(target, followers, error) || !trace_output_open(output, error))
        return FALSE;
    for (guint i = 0; i < followers->len; i++)
        g_printerr("%s: process %d is traced\n", g_get_prgname(), (int)g_array_index(followers, Follower, i).pid);
    for (guint i = 0; i < followers->len; i++) {
        Follower *follower = &g_array_index(followers, Follower, i);

        follower->output = output;
        follower->stop = stop;
        follower->has_hints = target->has_hints;
        follower->name = trace_find_name_of(follower->pid);
        g_ptr_array_add(threads, g_thread_new("trace", write_records, follower));
    }
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(g_ptr_array_index(threads, i));
    return TRUE;
}
