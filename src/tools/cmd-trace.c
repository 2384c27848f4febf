/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw trace: shows the channel I/O of running guests. Reading, decoding and formatting are src/trace's; here are
 * the options, a thread for each process, and what becomes of each record.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "trace/trace-file.h"
#include "trace/trace-find.h"
#include "trace/trace-format.h"
#include "trace/trace-reader.h"
#include "util/error.h"

#define WAIT_MS 100

/* What is asked for, and where it goes. */
typedef struct {
    const char *domain;
    int pid;
    gboolean wait;
    char **device_texts;
    GArray *devices; /* CcwBusId; empty: all */
    gboolean json;
    gint count; /* functions still to be shown; negative: no end */
    gboolean no_data;
    gint data;
    char *output;
    char *record;
    char *decode;

    TraceStyle style;
    FILE *file;
    GMutex lock;   /* of what follows, and of writing */
    GString *text; /* a record's, kept for its allocation */
    gboolean done; /* or failed: every thread is to end */
    GError *error;
} Trace;

typedef struct {
    Trace *trace;
    pid_t pid;
    TraceReader *reader;
} Follower;

static volatile sig_atomic_t stopped;

static void on_signal(int number G_GNUC_UNUSED)
{
    stopped = 1;
}

static gboolean is_wanted(const Trace *trace, const CcwBusId *id)
{
    for (guint i = 0; i < trace->devices->len; i++)
        if (ccw_bus_id_equal(&g_array_index(trace->devices, CcwBusId, i), id))
            return TRUE;
    return trace->devices->len == 0;
}

static void fail_output(Trace *trace)
{
    const char *path = trace->record ? trace->record : trace->output;

    if (!trace->error)
        ccw_error_set_errno(&trace->error, errno, "cannot write %s", path ? path : "standard output");
    trace->done = TRUE;
}

static void put(Trace *trace, const void *bytes, gsize length)
{
    if (fwrite(bytes, 1, length, trace->file) < length)
        fail_output(trace);
}

static void show(Trace *trace, const guint8 *bytes, gsize length, TraceRecord *record)
{
    if (!is_wanted(trace, &record->bus_id) || trace->done)
        return;
    if (trace->record) {
        put(trace, bytes, length);
    } else {
        g_string_truncate(trace->text, 0);
        (trace->json ? trace_format_json : trace_format_text)(record, &trace->style, trace->text);
        put(trace, trace->text->str, trace->text->len);
    }
    if (trace->count > 0 && --trace->count == 0)
        trace->done = TRUE;
}

static void show_lost(Trace *trace, guint64 lost)
{
    g_autofree char *line = NULL;

    if (lost == 0)
        return;
    if (trace->record || trace->json)
        g_printerr("%s: %" G_GUINT64_FORMAT " functions were lost\n", g_get_prgname(), lost);
    if (trace->record)
        return;
    line = g_strdup_printf(trace->json ? "{\"lost\": %" G_GUINT64_FORMAT "}\n"
                                       : "-- %" G_GUINT64_FORMAT " functions were lost: they came faster than they "
                                         "could be shown\n",
                           lost);
    put(trace, line, strlen(line));
}

/* FALSE: a record is none. Then the rest of that process's is not to be believed either. */
static gboolean take(Trace *trace, const guint8 *bytes, gsize length, guint64 lost, GError **error)
{
    TraceRecord record;

    if (!trace_record_parse(bytes, length, &record, error))
        return FALSE;
    g_mutex_lock(&trace->lock);
    show_lost(trace, lost);
    show(trace, bytes, length, &record);
    g_mutex_unlock(&trace->lock);
    return TRUE;
}

static void flush(Trace *trace)
{
    g_mutex_lock(&trace->lock);
    fflush(trace->file);
    g_mutex_unlock(&trace->lock);
}

static gboolean is_done(Trace *trace)
{
    gboolean done;

    g_mutex_lock(&trace->lock);
    done = trace->done || stopped;
    g_mutex_unlock(&trace->lock);
    return done;
}

static gpointer follow(gpointer data)
{
    Follower *follower = data;
    Trace *trace = follower->trace;
    TraceRead result = TRACE_READ_NOTHING;
    g_autoptr(GError) error = NULL;
    const guint8 *bytes;
    guint64 lost;
    gsize length;

    while (result != TRACE_READ_ENDED && !is_done(trace)) {
        result = trace_reader_next(follower->reader, 0, &bytes, &length, &lost);
        if (result == TRACE_READ_NOTHING) {
            flush(trace);
            result = trace_reader_next(follower->reader, WAIT_MS, &bytes, &length, &lost);
        }
        if (result == TRACE_READ_RECORD && !take(trace, bytes, length, lost, &error)) {
            g_printerr("%s: process %d: %s\n", g_get_prgname(), (int)follower->pid, error->message);
            break;
        }
    }
    return NULL;
}

/* The processes to follow; waits for one if that is asked for. */
static GArray *find(Trace *trace, GError **error)
{
    GArray *pids;

    if (trace->pid > 0) {
        pid_t pid = trace->pid;

        pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
        return g_array_append_val(pids, pid);
    }
    for (;;) {
        g_autoptr(GError) problem = NULL;

        pids = trace_find_qemus(trace->domain, &problem);
        if (pids)
            return pids;
        if (!trace->wait || stopped || !g_error_matches(problem, CCW_ERROR, CCW_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        g_usleep(WAIT_MS * 1000);
    }
}

static void detach(gpointer data)
{
    trace_reader_free(((Follower *)data)->reader);
}

/* NULL: none of them could be attached to. */
static GArray *attach(Trace *trace, const GArray *pids, GError **error)
{
    g_autoptr(GArray) followers = g_array_new(FALSE, FALSE, sizeof(Follower));
    guint data_max = MAX(TRACE_DATA_DEFAULT, trace->data);

    g_array_set_clear_func(followers, detach);
    for (guint i = 0; i < pids->len; i++) {
        g_autoptr(GError) problem = NULL;
        Follower follower = { .trace = trace, .pid = g_array_index(pids, pid_t, i) };

        follower.reader = trace_reader_attach(follower.pid, data_max, &problem);
        if (follower.reader) {
            g_array_append_val(followers, follower);
        } else if (followers->len == 0 && i + 1 == pids->len) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
    return g_steal_pointer(&followers);
}

/* Whether one of the processes has the device. One that cannot list all of its devices may have it. */
static gboolean is_there(const GArray *followers, const CcwBusId *id)
{
    for (guint i = 0; i < followers->len; i++) {
        const TraceReader *reader = g_array_index(followers, Follower, i).reader;

        if (trace_reader_find_device(reader, id) != TRACE_DEVICE_ABSENT)
            return TRUE;
    }
    return FALSE;
}

/* With --wait a device may come later. */
static gboolean check_devices(const Trace *trace, const GArray *followers, GError **error)
{
    for (guint i = 0; i < trace->devices->len && !trace->wait; i++) {
        const CcwBusId *id = &g_array_index(trace->devices, CcwBusId, i);
        g_autofree char *subject = trace->domain    ? g_strdup_printf("domain '%s' has no", trace->domain)
                                   : trace->pid > 0 ? g_strdup_printf("process %d has no", trace->pid)
                                                    : g_strdup("no running QEMU has the");
        char buf[CCW_BUS_ID_STR_LEN];

        if (is_there(followers, id))
            continue;
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s embedded channel device %s%s", subject,
                    ccw_bus_id_format(id, buf), trace->pid > 0 ? "" : " (--wait waits for it)");
        return FALSE;
    }
    return TRUE;
}

/* Not before everything else is known to be right: a file that is there is overwritten. */
static gboolean open_output(Trace *trace, GError **error)
{
    const char *path = trace->record ? trace->record : trace->output;
    /* A guest's data is for the user who traces it. */
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600) : -1;

    trace->file = path ? fd >= 0 ? fdopen(fd, "w") : NULL : stdout;
    if (!trace->file)
        ccw_error_set_errno(error, errno, "cannot open %s", path);
    return trace->file != NULL;
}

static gboolean follow_all(Trace *trace, GError **error)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    g_autoptr(GArray) pids = NULL;
    g_autoptr(GArray) followers = NULL;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    pids = find(trace, error);
    followers = pids ? attach(trace, pids, error) : NULL;
    if (!followers || !check_devices(trace, followers, error) || !open_output(trace, error))
        return FALSE;
    for (guint i = 0; i < followers->len; i++)
        g_printerr("%s: process %d is traced\n", g_get_prgname(), (int)g_array_index(followers, Follower, i).pid);
    for (guint i = 0; i < followers->len; i++)
        g_ptr_array_add(threads, g_thread_new("trace", follow, &g_array_index(followers, Follower, i)));
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(g_ptr_array_index(threads, i));
    return TRUE;
}

/* Would writing to `path` destroy what is being read? */
static gboolean is_same_file(FILE *file, const char *path, GError **error)
{
    struct stat input, output;

    if (!path || fstat(fileno(file), &input) != 0 || stat(path, &output) != 0 || input.st_dev != output.st_dev ||
        input.st_ino != output.st_ino)
        return FALSE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is the file that is read: write to another file", path);
    return TRUE;
}

static gboolean decode(Trace *trace, GError **error)
{
    FILE *file = fopen(trace->decode, "re");
    g_autofree guint8 *buffer = g_malloc(TRACE_RECORD_MAX);
    gboolean good = TRUE;
    gsize length = 0;

    if (!file) {
        ccw_error_set_errno(error, errno, "cannot open %s", trace->decode);
        return FALSE;
    }
    good = !is_same_file(file, trace->output, error) && open_output(trace, error);
    while (good && !trace->done) {
        good = trace_file_read(file, trace->decode, buffer, &length, error);
        if (!good || length == 0)
            break;
        good = take(trace, buffer, length, 0, error);
        if (!good)
            g_prefix_error(error, "%s: ", trace->decode);
    }
    fclose(file);
    return good;
}

static gboolean run(Trace *trace, GError **error)
{
    gboolean good;

    trace->text = g_string_new(NULL);
    g_mutex_init(&trace->lock);
    good = trace->decode ? decode(trace, error) : follow_all(trace, error);
    if (trace->file && fflush(trace->file) != 0)
        fail_output(trace);
    if (trace->file && trace->file != stdout)
        fclose(trace->file);
    g_string_free(trace->text, TRUE);
    g_mutex_clear(&trace->lock);
    if (good && trace->error) {
        g_propagate_error(error, g_steal_pointer(&trace->error));
        return FALSE;
    }
    return good;
}

/* -1: the options make sense together; else the exit code. */
static int check(Trace *trace, int argc, char **argv)
{
    trace->domain = argc > 1 ? argv[1] : NULL;
    if (argc > 2)
        return cmd_usage("one domain at a time");
    if (!!trace->domain + (trace->pid != 0) + !!trace->decode > 1)
        return cmd_usage("give a domain, --pid or --decode, not two of them");
    if (trace->pid < 0)
        return cmd_usage("%d is not a process id", trace->pid);
    if (trace->wait && (trace->pid || trace->decode))
        return cmd_usage("--wait does not go with --pid or --decode");
    if (trace->record && (trace->output || trace->json || trace->decode))
        return cmd_usage("--record writes records as they are: no --output, --json or --decode with it");
    if (trace->count == 0 || trace->count < -1)
        return cmd_usage("--count is at least 1");
    if (trace->data < 0 || trace->data > TRACE_DATA_MAX)
        return cmd_usage("--data is 1 to %d bytes", TRACE_DATA_MAX);
    if (trace->data && trace->no_data)
        return cmd_usage("give either --data or --no-data");
    trace->style = (TraceStyle){ .hex = !trace->no_data, .hex_more = (guint)trace->data };
    for (char **text = trace->device_texts; text && *text; text++) {
        g_autoptr(GError) error = NULL;
        CcwBusId id;

        if (!ccw_bus_id_read(*text, &id, &error))
            return cmd_fail(g_steal_pointer(&error));
        g_array_append_val(trace->devices, id);
    }
    return -1;
}

static void clear(Trace *trace)
{
    g_strfreev(trace->device_texts);
    g_array_unref(trace->devices);
    g_free(trace->output);
    g_free(trace->record);
    g_free(trace->decode);
    g_clear_error(&trace->error);
}

int cmd_trace(int argc, char **argv)
{
    static Trace trace = { .count = -1 };
    g_autoptr(GError) error = NULL;
    int rc;
    const GOptionEntry entries[] = {
        { "pid", 'p', 0, G_OPTION_ARG_INT, &trace.pid, "Trace this QEMU", "PID" },
        { "wait", 0, 0, G_OPTION_ARG_NONE, &trace.wait,
          "Wait for a guest with a device, or with the named device, if there is none", NULL },
        { "device", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &trace.device_texts, "Show this device only; repeatable",
          "BUSID" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &trace.json, "Print one JSON object for each function", NULL },
        { "count", 'c', 0, G_OPTION_ARG_INT, &trace.count, "End after N functions", "N" },
        { "data", 0, 0, G_OPTION_ARG_INT, &trace.data, "Show N bytes of all data, at most 1024", "N" },
        { "no-data", 0, 0, G_OPTION_ARG_NONE, &trace.no_data, "Show no bytes of data", NULL },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &trace.output, "Write to FILE", "FILE" },
        { "record", 0, 0, G_OPTION_ARG_FILENAME, &trace.record, "Write raw records to FILE, to be decoded later",
          "FILE" },
        { "decode", 0, 0, G_OPTION_ARG_FILENAME, &trace.decode, "Show what was recorded in FILE", "FILE" },
        G_OPTION_ENTRY_NULL,
    };

    trace.devices = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    rc = cmd_options("[DOMAIN]",
                     "Shows the channel I/O of running guests, as strace does system calls: of a domain, a process, or "
                     "of every guest with an embedded channel device. Ctrl-C ends it.",
                     entries, FALSE, &argc, &argv);
    if (rc < 0)
        rc = check(&trace, argc, argv);
    if (rc < 0)
        rc = run(&trace, &error) ? CMD_OK : cmd_fail(g_steal_pointer(&error));
    clear(&trace);
    return rc;
}
