/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw trace: shows the channel I/O of running guests. This file has the options and the signals; src/trace does
 * the rest.
 */
#include <signal.h>
#include <stdio.h>

#include "cmd-progress.h"
#include "cmd-table.h"
#include "commands.h"
#include "trace/trace-file.h"
#include "trace/trace-follow.h"
#include "trace/trace-output.h"

#define SVG_MODE 0644     /* it shows where and when, and nothing of a guest's data */
#define SUMMARY_MODE 0644 /* the same */

typedef struct {
    const char *domain;
    int pid;
    gboolean can_wait;
    char **device_texts;
    GArray *devices; /* CcwBusId; empty: all */
    gboolean is_json;
    gboolean has_time;
    gboolean has_relative;
    gint count; /* functions to show; negative: no limit */
    gboolean has_no_data;
    gint data;
    char *output;
    char *record;
    char *decode;
    gboolean is_summary;
    char *svg;
} Options;

static Options given = { .count = -1 };

static volatile sig_atomic_t stop;

static void on_signal(int number G_GNUC_UNUSED)
{
    stop = 1;
}

static gboolean follow(const Options *options, TraceOutput *output, GError **error)
{
    const struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    const TraceTarget target = {
        .domain = options->domain,
        .pid = options->pid,
        .can_wait = options->can_wait,
        .devices = options->devices,
        .data_max = (guint)MAX(TRACE_DATA_DEFAULT, options->data),
        .has_hints = !cmd_is_quiet,
    };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return trace_follow(&target, output, &stop, error);
}

/* Writes what was added up. */
static gboolean write_sums(const Options *options, const TraceSummary *summary, const TracePicture *picture,
                           GError **error)
{
    g_autofree char *svg = picture ? trace_picture_svg(picture) : NULL;
    g_autofree char *text = NULL;

    if (svg && !cmd_write_file(options->svg, svg, SVG_MODE, error))
        return FALSE;
    if (summary)
        text = options->is_json ? trace_summary_json(summary) : trace_summary_text(summary);
    if (text && options->output)
        return cmd_write_file(options->output, text, SUMMARY_MODE, error);
    if (text)
        fputs(text, stdout);
    return TRUE;
}

static void on_progress(guint64 done, guint64 total, gpointer opaque)
{
    cmd_progress_update(opaque, done, total);
}

/* Shows a recorded file. The progress is shown only where the records are not. */
static gboolean decode(const Options *options, const char *path, TraceOutput *output, GError **error)
{
    g_autofree char *what = g_strdup_printf("reading %s", options->decode);
    CmdProgress progress;
    gboolean done;

    cmd_progress_start(&progress, what);
    done = trace_file_show(options->decode, path, output, options->is_summary || options->svg ? on_progress : NULL,
                           &progress, error);
    cmd_progress_clear(&progress);
    return done;
}

static gboolean show(const Options *options, GError **error)
{
    g_autoptr(TraceSummary) summary = options->is_summary ? trace_summary_new() : NULL;
    g_autoptr(TracePicture) picture = options->svg ? trace_picture_new() : NULL;
    const char *path = options->record ? options->record : options->output;
    const TraceOutputOptions output_options = {
        .path = path,
        .devices = options->devices,
        .is_raw = options->record != NULL,
        .is_json = options->is_json,
        .summary = summary,
        .picture = picture,
        .style = { .stamp = options->has_time       ? TRACE_STAMP_TIME
                            : options->has_relative ? TRACE_STAMP_RELATIVE
                                                    : TRACE_STAMP_NONE,
                   .hex = !options->has_no_data,
                   .hex_more = (guint)options->data },
        .count = options->count,
    };
    g_autoptr(TraceOutput) output = trace_output_new(&output_options);

    if (!(options->decode ? decode(options, path, output, error) : follow(options, output, error)) ||
        !trace_output_close(output, error))
        return FALSE;
    return write_sums(options, summary, picture, error);
}

/* Returns: -1 if the options for what is added up are valid, else the exit code. */
static int check_sums(const Options *options)
{
    if (options->record && (options->is_summary || options->svg))
        return cmd_usage("--record excludes --summary and --svg: give these with --decode later");
    if (options->svg && !options->is_summary && (options->is_json || options->output))
        return cmd_usage("--svg writes a picture: --json and --output go with --summary");
    if (options->svg && options->decode && cmd_is_one_file(options->svg, options->decode))
        return cmd_usage("--svg %s: this is the input, too: name another file", options->svg);
    if (options->svg && options->output && cmd_is_one_file(options->svg, options->output))
        return cmd_usage("give --svg and --output two files, not both %s", options->svg);
    return -1;
}

/* Returns: -1 if the options for the lines are valid, else the exit code. */
static int check_lines(const Options *options)
{
    gboolean has_stamp = options->has_time || options->has_relative;

    if (options->has_time && options->has_relative)
        return cmd_usage("give either --time or --relative");
    if (has_stamp && (options->is_json || options->record || options->is_summary || options->svg))
        return cmd_usage("%s is for the lines of functions: --json has started_ns, and --record keeps it",
                         options->has_time ? "--time" : "--relative");
    if (options->count == 0 || options->count < -1)
        return cmd_usage("--count is at least 1");
    if (options->data < 0 || options->data > TRACE_DATA_MAX)
        return cmd_usage("--data is 1 to %d bytes", TRACE_DATA_MAX);
    if (options->data && options->has_no_data)
        return cmd_usage("give either --data or --no-data");
    return -1;
}

/* Checks the options. Returns: -1 if they are valid, else the exit code. */
static int check(Options *options, int argc, char **argv)
{
    options->domain = argc > 1 ? argv[1] : NULL;
    if (argc > 2)
        return cmd_usage("one domain at a time");
    if (!!options->domain + (options->pid != 0) + !!options->decode > 1)
        return cmd_usage("give a domain, --pid or --decode, not two of them");
    if (options->pid < 0)
        return cmd_usage("%d is not a process id", options->pid);
    if (options->can_wait && (options->pid || options->decode))
        return cmd_usage("--wait does not go with --pid or --decode");
    if (options->record && (options->output || options->is_json || options->decode))
        return cmd_usage("--record excludes --output, --json and --decode");
    if (check_sums(options) >= 0 || check_lines(options) >= 0)
        return CMD_USAGE;
    for (char **text = options->device_texts; text && *text; text++) {
        g_autoptr(GError) error = NULL;
        CcwBusId id;

        if (!ccw_bus_id_read(*text, &id, &error))
            return cmd_fail(g_steal_pointer(&error));
        g_array_append_val(options->devices, id);
    }
    return -1;
}

static const GOptionEntry options[] = {
    { "pid", 'p', 0, G_OPTION_ARG_INT, &given.pid, "Trace this QEMU", "PID" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &given.can_wait, "Wait for a guest with a device, or for the device of --device",
      NULL },
    { "device", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &given.device_texts, "Show this device only; repeatable", "DEVICE" },
    { "time", 't', 0, G_OPTION_ARG_NONE, &given.has_time, "Begin each function with the time of day at its start",
      NULL },
    { "relative", 'r', 0, G_OPTION_ARG_NONE, &given.has_relative,
      "Begin each function with the seconds since the start of the one before", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &given.is_json, "Print one JSON object for each function", NULL },
    { "count", 'c', 0, G_OPTION_ARG_INT, &given.count, "End after N functions", "N" },
    { "data", 0, 0, G_OPTION_ARG_INT, &given.data, "Show N bytes of all data, at most 1024", "N" },
    { "no-data", 0, 0, G_OPTION_ARG_NONE, &given.has_no_data, "Show no bytes of data", NULL },
    { "summary", 's', 0, G_OPTION_ARG_NONE, &given.is_summary,
      "Print a table at the end: commands, bytes, times and errors, as strace -c", NULL },
    { "svg", 0, 0, G_OPTION_ARG_FILENAME, &given.svg, "Draw seeks and times into FILE at the end", "FILE" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &given.output, "Write to FILE", "FILE" },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &given.record, "Write raw records to FILE, for --decode", "FILE" },
    { "decode", 0, 0, G_OPTION_ARG_FILENAME, &given.decode, "Show the records in FILE", "FILE" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int rc;

    given.devices = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    rc = check(&given, argc, argv);
    if (rc < 0)
        rc = show(&given, &error) ? CMD_OK : cmd_fail(g_steal_pointer(&error));
    g_array_unref(given.devices);
    return rc;
}

const CmdCommand cmd_trace = {
    .name = "trace",
    .summary = "show the channel I/O of running guests",
    .description = "Shows the channel I/O of running guests, as strace does system calls: of a domain, a process, or "
                   "of every guest with an embedded channel device. Ctrl-C ends it, and then the summary and the "
                   "picture are written.",
    .arguments = "[DOMAIN]",
    .options = options,
    .func = run,
};
