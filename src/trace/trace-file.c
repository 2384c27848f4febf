/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-file.h"

#include <errno.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/file.h"

#define BEGINNING 8 /* bytes that trace_record_length() reads */

static gboolean fail(FILE *file, const char *name, const char *problem, GError **error)
{
    if (ferror(file))
        ccw_error_set_errno(error, errno, "cannot read %s", name);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "%s: %s", name, problem);
    return FALSE;
}

gboolean trace_file_read(FILE *file, const char *name, guint8 *buffer, gsize *ret_length, GError **error)
{
    gsize got = fread(buffer, 1, BEGINNING, file);
    gsize length;

    if (got == 0 && !ferror(file)) {
        *ret_length = 0;
        return TRUE;
    }
    if (got < BEGINNING)
        return fail(file, name, "the last record is cut off", error);
    length = trace_record_length(buffer);
    if (length == 0)
        return fail(file, name, "this is not a file of trace records", error);
    if (fread(buffer + BEGINNING, 1, length - BEGINNING, file) < length - BEGINNING)
        return fail(file, name, "the last record is cut off", error);
    *ret_length = length;
    return TRUE;
}

static guint64 size_of(FILE *file)
{
    struct stat status;

    return fstat(fileno(file), &status) == 0 ? (guint64)status.st_size : 0;
}

static gboolean is_same_file(FILE *file, const char *path)
{
    struct stat a, b;

    return path && fstat(fileno(file), &a) == 0 && stat(path, &b) == 0 && ccw_file_is_same(&a, &b);
}

static gboolean write_records(FILE *file, const char *name, TraceOutput *output, TraceFileProgress progress,
                              gpointer opaque, GError **error)
{
    guint64 total = size_of(file), done = 0;
    g_autofree guint8 *buffer = g_malloc(TRACE_RECORD_MAX);
    gsize length = 0;

    while (!trace_output_is_done(output)) {
        if (!trace_file_read(file, name, buffer, &length, error))
            return FALSE;
        if (length == 0)
            break;
        if (!trace_output_put(output, buffer, length, 0, error)) {
            g_prefix_error(error, "%s: ", name);
            return FALSE;
        }
        done += length;
        if (progress)
            progress(done, total, opaque);
    }
    return TRUE;
}

gboolean trace_file_show(const char *path, const char *output_path, TraceOutput *output, TraceFileProgress progress,
                         gpointer opaque, GError **error)
{
    FILE *file = fopen(path, "re");
    gboolean is_good = FALSE;

    if (!file) {
        ccw_error_set_errno(error, errno, "cannot open %s", path);
        return FALSE;
    }
    /* The output would overwrite its own input. */
    if (is_same_file(file, output_path))
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is the input, too: write to another file", output_path);
    else
        is_good = trace_output_open(output, error) && write_records(file, path, output, progress, opaque, error);
    fclose(file);
    return is_good;
}
