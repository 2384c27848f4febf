/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-summary.h"

#include <stdlib.h>
#include <string.h>

#include "channel/arch.h"
#include "trace/trace-decode.h"
#include "trace/trace-format.h"
#include "trace/trace-histogram.h"
#include "util/endian.h"

#define COMMANDS 256 /* rows of commands; the functions without a program have a row each behind them */
#define ROWS (COMMANDS + TRACE_FUNCTIONS)

typedef struct {
    guint64 ccws;
    guint64 bytes;
    guint64 errors;
    TraceHistogram *functions; /* those that count for this row; NULL: none */
} Row;

typedef struct {
    CcwBusId id;
    Row rows[ROWS];
} Device;

struct _TraceSummary {
    GPtrArray *devices; /* Device *, in the order of their first records */
    guint64 lost;
    guint64 left_out; /* records of devices beyond TRACE_SUMMARY_DEVICES_MAX */
};

static void device_free(gpointer data)
{
    Device *device = data;

    for (guint i = 0; i < ROWS; i++)
        g_free(device->rows[i].functions);
    g_free(device);
}

TraceSummary *trace_summary_new(void)
{
    TraceSummary *summary = g_new0(TraceSummary, 1);

    summary->devices = g_ptr_array_new_with_free_func(device_free);
    return summary;
}

void trace_summary_free(TraceSummary *summary)
{
    g_ptr_array_unref(summary->devices);
    g_free(summary);
}

/* Returns: the device with this id, a new one if need be; NULL if there are too many. */
static Device *find_device(TraceSummary *summary, const CcwBusId *id)
{
    Device *device;

    for (guint i = 0; i < summary->devices->len; i++) {
        device = summary->devices->pdata[i];
        if (ccw_bus_id_equal(&device->id, id))
            return device;
    }
    if (summary->devices->len == TRACE_SUMMARY_DEVICES_MAX)
        return NULL;
    device = g_new0(Device, 1);
    device->id = *id;
    g_ptr_array_add(summary->devices, device);
    return device;
}

/* Returns: how many bytes a CCW has moved. The residual count is that of the CCW at which the program stopped. */
static guint bytes_moved(const TraceRecord *record, const TraceStep *step, int stop)
{
    guint residual = ccw_load_be16(record->irb + CHANNEL_SCSW_OFS_COUNT);

    if (stop < 0 || (int)step->index < stop)
        return step->ccw.count;
    return step->ccw.count - MIN(residual, step->ccw.count);
}

/* Counts the CCWs up to the one at which the program stopped. Returns: the row of the one that moved most data. */
static guint add_ccws(Device *device, const TraceRecord *record, gboolean is_failed)
{
    TraceRecord copy = *record;
    TraceStep step = { 0 };
    guint main_row = COMMANDS + record->function, most = 0;
    guint last_row = main_row;
    int stop = record->error ? -1 : trace_format_stop(record);

    while (trace_format_step(&copy, &step) && (stop < 0 || (int)step.index <= stop)) {
        guint moved = step.cmd == CCW_CMD_TIC ? 0 : bytes_moved(record, &step, stop);
        Row *row = &device->rows[step.cmd];

        if (step.cmd == CCW_CMD_TIC)
            continue;
        last_row = step.cmd;
        row->ccws += step.chained ? 0 : 1;
        row->bytes += moved;
        if (moved >= most) {
            most = moved;
            main_row = step.cmd;
        }
    }
    if (is_failed)
        device->rows[last_row].errors++;
    return main_row;
}

void trace_summary_add(TraceSummary *summary, const TraceRecord *record)
{
    Device *device = find_device(summary, &record->bus_id);
    Row *row;

    if (!device) {
        summary->left_out++;
        return;
    }
    row = &device->rows[add_ccws(device, record, trace_format_is_error(record))];
    if (!row->functions)
        row->functions = g_new0(TraceHistogram, 1);
    trace_histogram_add(row->functions, record->duration);
}

void trace_summary_add_lost(TraceSummary *summary, guint64 lost)
{
    summary->lost += lost;
}

/* --- output --- */

/* A row with its number and its name. */
typedef struct {
    const Row *row;
    guint number;
    char name[48];
} Line;

static guint64 time_of(const Row *row)
{
    return row->functions ? row->functions->sum : 0;
}

/* The row with the most time first, then that with the most CCWs. */
static int compare_lines(const void *a, const void *b)
{
    const Row *one = ((const Line *)a)->row, *other = ((const Line *)b)->row;

    if (time_of(one) != time_of(other))
        return time_of(one) > time_of(other) ? -1 : 1;
    if (one->ccws != other->ccws)
        return one->ccws > other->ccws ? -1 : 1;
    return ((const Line *)a)->number < ((const Line *)b)->number ? -1 : 1;
}

static void set_name(Line *line)
{
    const char *name = line->number < COMMANDS ? trace_command_name((guint8)line->number)
                                               : trace_function_name((TraceFunction)(line->number - COMMANDS));

    if (name)
        g_strlcpy(line->name, name, sizeof(line->name));
    else
        g_snprintf(line->name, sizeof(line->name), "command %02x", line->number);
}

/* Returns: the lines of the rows that are not empty, sorted; their number in *ret_n. */
static Line *sort_rows(const Device *device, guint *ret_n)
{
    Line *lines = g_new0(Line, ROWS);
    guint n = 0;

    for (guint i = 0; i < ROWS; i++) {
        const Row *row = &device->rows[i];

        if (!row->ccws && !row->functions && !row->errors)
            continue;
        lines[n] = (Line){ .row = row, .number = i };
        set_name(&lines[n++]);
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    *ret_n = n;
    return lines;
}

static Row add_rows(const Line *lines, guint n)
{
    Row total = { 0 };

    total.functions = g_new0(TraceHistogram, 1);
    for (guint i = 0; i < n; i++) {
        const Row *row = lines[i].row;

        total.ccws += row->ccws;
        total.bytes += row->bytes;
        total.errors += row->errors;
        if (row->functions)
            trace_histogram_merge(total.functions, row->functions);
    }
    return total;
}

/* Appends a duration as milliseconds, right-aligned. */
static void append_ms(GString *text, guint64 ns)
{
    g_autofree char *ms = g_strdup_printf("%" G_GUINT64_FORMAT ".%03" G_GUINT64_FORMAT, ns / 1000000, ns / 1000 % 1000);

    g_string_append_printf(text, " %9s", ms);
}

static void append_row(GString *text, const Row *row, guint64 whole, const char *name)
{
    guint64 time = time_of(row);
    guint64 share = whole ? (guint64)((double)time * 10000 / (double)whole) : 0;

    if (row->functions) {
        g_string_append_printf(text, "%3" G_GUINT64_FORMAT ".%02" G_GUINT64_FORMAT, share / 100, share % 100);
        append_ms(text, time);
        g_string_append_printf(text, " %9" G_GUINT64_FORMAT, row->functions->n);
        append_ms(text, trace_histogram_percentile(row->functions, 50));
        append_ms(text, trace_histogram_percentile(row->functions, 90));
        append_ms(text, trace_histogram_percentile(row->functions, 99));
        append_ms(text, row->functions->most);
    } else {
        g_string_append_printf(text, "%6s %9s %9s %9s %9s %9s %9s", "-", "-", "-", "-", "-", "-", "-");
    }
    g_string_append_printf(text, " %7" G_GUINT64_FORMAT " %9" G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT "  %s\n",
                           row->errors, row->ccws, row->bytes, name);
}

static void append_device(GString *text, const Device *device)
{
    guint n;
    g_autofree Line *lines = sort_rows(device, &n);
    Row total = add_rows(lines, n);
    g_autofree TraceHistogram *functions = total.functions;
    char bus_id[CCW_BUS_ID_STR_LEN];

    g_string_append_printf(text, "%sDevice %s\n", text->len ? "\n" : "", ccw_bus_id_format(&device->id, bus_id));
    g_string_append_printf(text, "%6s %9s %9s %9s %9s %9s %9s %7s %9s %12s  %s\n", "% time", "ms", "functions",
                           "p50 ms", "p90 ms", "p99 ms", "max ms", "errors", "ccws", "bytes", "command");
    for (guint i = 0; i < n; i++)
        append_row(text, lines[i].row, functions->sum, lines[i].name);
    append_row(text, &total, functions->sum, "total");
}

char *trace_summary_text(const TraceSummary *summary)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < summary->devices->len; i++)
        append_device(text, summary->devices->pdata[i]);
    if (!summary->devices->len)
        g_string_append(text, "no function was traced\n");
    if (summary->lost)
        g_string_append_printf(text,
                               "\n%" G_GUINT64_FORMAT " functions were lost: they came faster than they could be "
                               "read\n",
                               summary->lost);
    if (summary->left_out)
        g_string_append_printf(text,
                               "\n%" G_GUINT64_FORMAT " functions of more devices are not in it: --device chooses "
                               "devices\n",
                               summary->left_out);
    return g_string_free(text, FALSE);
}

static void append_json_row(GString *text, const Row *row, const char *name)
{
    g_string_append_printf(text,
                           "{\"command\": \"%s\", \"functions\": %" G_GUINT64_FORMAT ", \"ccws\": %" G_GUINT64_FORMAT
                           ", \"bytes\": %" G_GUINT64_FORMAT ", \"errors\": %" G_GUINT64_FORMAT,
                           name, row->functions ? row->functions->n : 0, row->ccws, row->bytes, row->errors);
    if (row->functions)
        g_string_append_printf(
            text,
            ", \"total_ns\": %" G_GUINT64_FORMAT ", \"min_ns\": %" G_GUINT64_FORMAT ", \"p50_ns\": %" G_GUINT64_FORMAT
            ", \"p90_ns\": %" G_GUINT64_FORMAT ", \"p99_ns\": %" G_GUINT64_FORMAT ", \"max_ns\": %" G_GUINT64_FORMAT,
            row->functions->sum, row->functions->least, trace_histogram_percentile(row->functions, 50),
            trace_histogram_percentile(row->functions, 90), trace_histogram_percentile(row->functions, 99),
            row->functions->most);
    g_string_append_c(text, '}');
}

char *trace_summary_json(const TraceSummary *summary)
{
    GString *text = g_string_new("{\"devices\": [");
    char bus_id[CCW_BUS_ID_STR_LEN];

    for (guint i = 0; i < summary->devices->len; i++) {
        const Device *device = summary->devices->pdata[i];
        guint n;
        g_autofree Line *lines = sort_rows(device, &n);
        Row total = add_rows(lines, n);

        g_string_append_printf(text, "%s{\"device\": \"%s\", \"commands\": [", i ? ", " : "",
                               ccw_bus_id_format(&device->id, bus_id));
        for (guint l = 0; l < n; l++) {
            g_string_append(text, l ? ", " : "");
            append_json_row(text, lines[l].row, lines[l].name);
        }
        g_string_append(text, "], \"total\": ");
        append_json_row(text, &total, "total");
        g_free(total.functions);
        g_string_append_c(text, '}');
    }
    g_string_append_printf(text, "], \"lost\": %" G_GUINT64_FORMAT ", \"left_out\": %" G_GUINT64_FORMAT "}\n",
                           summary->lost, summary->left_out);
    return g_string_free(text, FALSE);
}
