/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See trace-file.h. */
#include "trace/trace-file.h"

#include <errno.h>

#include "util/error.h"

#define BEGINNING 8 /* what trace_record_length() looks at */

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
