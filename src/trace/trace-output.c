/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "util/error.h"

struct _TraceOutput {
    TraceOutputOptions options;
    GMutex lock;      /* protects the members below, and the order of records */
    FILE *file;       /* NULL before it is opened */
    GString *text;    /* the text of a record, kept for its memory */
    gint count;       /* records still to write; negative: no limit */
    gboolean is_done; /* all records are written, or a write has failed */
    GError *error;    /* the first failed write */
};

TraceOutput *trace_output_new(const TraceOutputOptions *options)
{
    TraceOutput *output = g_new0(TraceOutput, 1);

    output->options = *options;
    output->count = options->count;
    output->text = g_string_new(NULL);
    g_mutex_init(&output->lock);
    return output;
}

void trace_output_free(TraceOutput *output)
{
    trace_output_close(output, NULL);
    g_string_free(output->text, TRUE);
    g_mutex_clear(&output->lock);
    g_clear_error(&output->error);
    g_free(output);
}

static gboolean is_added_up(const TraceOutput *output)
{
    return output->options.summary || output->options.picture;
}

gboolean trace_output_open(TraceOutput *output, GError **error)
{
    const char *path = is_added_up(output) ? NULL : output->options.path;
    /* Only the user who traces a guest may read its data. */
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600) : -1;

    output->file = path ? fd >= 0 ? fdopen(fd, "w") : NULL : stdout;
    if (!output->file)
        ccw_error_set_errno(error, errno, "cannot open %s", path);
    return output->file != NULL;
}

static void set_write_error(TraceOutput *output)
{
    const char *path = output->options.path;

    if (!output->error)
        ccw_error_set_errno(&output->error, errno, "cannot write %s", path ? path : "standard output");
    output->is_done = TRUE;
}

static void write_bytes(TraceOutput *output, const void *bytes, gsize length)
{
    if (fwrite(bytes, 1, length, output->file) < length)
        set_write_error(output);
}

static gboolean is_wanted(const TraceOutput *output, const CcwBusId *id)
{
    const GArray *devices = output->options.devices;

    for (guint i = 0; i < devices->len; i++)
        if (ccw_bus_id_equal(&g_array_index(devices, CcwBusId, i), id))
            return TRUE;
    return devices->len == 0;
}

static void write_record(TraceOutput *output, const guint8 *bytes, gsize length, TraceRecord *record)
{
    const TraceOutputOptions *options = &output->options;

    if (!is_wanted(output, &record->bus_id) || output->is_done)
        return;
    if (options->summary)
        trace_summary_add(options->summary, record);
    if (options->picture)
        trace_picture_add(options->picture, record);
    if (is_added_up(output)) {
        /* trace_summary_text() and trace_picture_svg() show it. */
    } else if (options->is_raw) {
        write_bytes(output, bytes, length);
    } else {
        g_string_truncate(output->text, 0);
        (options->is_json ? trace_format_json : trace_format_text)(record, &options->style, output->text);
        write_bytes(output, output->text->str, output->text->len);
        output->options.style.previous = record->started;
    }
    if (output->count > 0 && --output->count == 0)
        output->is_done = TRUE;
}

/* Reports lost records in the output, and on stderr where the output is for programs. */
static void write_lost(TraceOutput *output, guint64 lost)
{
    g_autofree char *line = NULL;

    if (lost == 0)
        return;
    if (output->options.summary)
        trace_summary_add_lost(output->options.summary, lost);
    if (is_added_up(output))
        return;
    if (output->options.is_raw || output->options.is_json)
        g_printerr("%s: %" G_GUINT64_FORMAT " functions were lost\n", g_get_prgname(), lost);
    if (output->options.is_raw)
        return;
    line =
        g_strdup_printf(output->options.is_json ? "{\"lost\": %" G_GUINT64_FORMAT "}\n"
                                                : "-- %" G_GUINT64_FORMAT
                                                  " functions were lost: they came faster than they could be shown\n",
                        lost);
    write_bytes(output, line, strlen(line));
}

gboolean trace_output_put(TraceOutput *output, const guint8 *bytes, gsize length, guint64 lost, GError **error)
{
    TraceRecord record;

    if (!trace_record_parse(bytes, length, &record, error))
        return FALSE;
    g_mutex_lock(&output->lock);
    write_lost(output, lost);
    write_record(output, bytes, length, &record);
    g_mutex_unlock(&output->lock);
    return TRUE;
}

gboolean trace_output_is_done(TraceOutput *output)
{
    gboolean is_done;

    g_mutex_lock(&output->lock);
    is_done = output->is_done;
    g_mutex_unlock(&output->lock);
    return is_done;
}

void trace_output_flush(TraceOutput *output)
{
    g_mutex_lock(&output->lock);
    fflush(output->file);
    g_mutex_unlock(&output->lock);
}

gboolean trace_output_close(TraceOutput *output, GError **error)
{
    if (output->file && fflush(output->file) != 0)
        set_write_error(output);
    if (output->file && output->file != stdout)
        fclose(output->file);
    output->file = NULL;
    if (!output->error)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&output->error));
    return FALSE;
}
