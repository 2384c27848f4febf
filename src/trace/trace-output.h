/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes trace records to a file or standard output: as text, as JSON, or as they are. Any thread may call these
 * functions.
 */
#pragma once

#include "trace/trace-format.h"
#include "trace/trace-picture.h"
#include "trace/trace-summary.h"

typedef struct {
    const char *path;      /* NULL: standard output */
    const GArray *devices; /* CcwBusId; records of other devices are not written. Empty: all devices */
    gboolean is_raw;       /* write records as they are, and not as text */
    gboolean is_json;      /* write JSON, and not text */
    TraceSummary *summary; /* adds records to this, and writes none. NULL: no summary */
    TracePicture *picture; /* the same */
    TraceStyle style;
    gint count; /* the output is done after this number of records; negative: never */
} TraceOutputOptions;

typedef struct _TraceOutput TraceOutput;

/* @options: copied, but what they point to must live as long as the output. */
TraceOutput *trace_output_new(const TraceOutputOptions *options);
void trace_output_free(TraceOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceOutput, trace_output_free)

/**
 * trace_output_open: Opens the file, unless records are only added up, and overwrites an existing one. So the caller
 * must check everything else before.
 *
 * Returns: FALSE with an error if the file cannot be opened.
 */
gboolean trace_output_open(TraceOutput *output, GError **error);

/**
 * trace_output_put: Writes a record.
 * @bytes: the record, of @length bytes
 * @lost: how many records are missing before it; the output says so
 *
 * Returns: FALSE with CCW_ERROR_PROTOCOL if @bytes are no record. A failed write makes the output done, and
 * trace_output_close() reports it.
 */
gboolean trace_output_put(TraceOutput *output, const guint8 *bytes, gsize length, guint64 lost, GError **error);

/* Returns: whether the output has all records that the options ask for, or a write has failed. */
gboolean trace_output_is_done(TraceOutput *output);

/* Writes what is buffered, so that a reader of the file sees it. Any thread may call this function. */
void trace_output_flush(TraceOutput *output);

/**
 * trace_output_close: Flushes and closes the file, if it is open.
 *
 * Returns: FALSE with an error if this or an earlier write has failed.
 */
gboolean trace_output_close(TraceOutput *output, GError **error);
