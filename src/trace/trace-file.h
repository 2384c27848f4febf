/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads files of trace records (trace-record.h), as --record writes them. The file may be hostile. */
#pragma once

#include <stdio.h>

#include "trace/trace-output.h"
#include "trace/trace-record.h"

/**
 * trace_file_read: Reads the next record.
 * @name: the file's name, for errors
 * @buffer: TRACE_RECORD_MAX bytes
 * @ret_length: the record's length in bytes; 0 at the end of the file
 *
 * Returns: TRUE; FALSE with CCW_ERROR_PROTOCOL for bytes that are no whole record, or CCW_ERROR_SYSTEM.
 */
gboolean trace_file_read(FILE *file, const char *name, guint8 *buffer, gsize *ret_length, GError **error);

/* Called after each record with the bytes read so far, and with those of the file; 0: their number is not known. */
typedef void (*TraceFileProgress)(guint64 done, guint64 total, gpointer opaque);

/**
 * trace_file_show: Writes the records of a file to an output, which this function opens.
 * @output_path: the output's path, which must not be the same file; NULL: standard output
 * @progress: NULL: not called
 *
 * Returns: FALSE with an error if a file cannot be opened, or a record cannot be read.
 */
gboolean trace_file_show(const char *path, const char *output_path, TraceOutput *output, TraceFileProgress progress,
                         gpointer opaque, GError **error);
