/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats a trace record for people (trace-text.c: a few lines) and for programs (trace-json.c: one object on one
 * line). docs/trace.md describes both formats.
 */
#pragma once

#include "trace/trace-record.h"

/* What a text's line of a function begins with. */
typedef enum {
    TRACE_STAMP_NONE,
    TRACE_STAMP_TIME,     /* the local time of its start, with microseconds, as of strace -tt */
    TRACE_STAMP_RELATIVE, /* seconds since the start of the function shown before, as of strace -r */
} TraceStamp;

typedef struct {
    TraceStamp stamp;
    guint64 previous; /* ns since 1970: the start of the function shown before; 0: none */
    gboolean hex;     /* show bytes of data */
    guint hex_more;   /* show this many bytes of all data; 0: 16 of data that has no decoder */
} TraceStyle;

/* These append a record and a newline to a text, with the CCWs that trace_record_next() has not returned yet. */
void trace_format_text(TraceRecord *record, const TraceStyle *style, GString *text);
void trace_format_json(TraceRecord *record, const TraceStyle *style, GString *text);

/* A CCW of the guest in its program; for the two formats only. */
typedef struct {
    TraceCcw ccw;
    guint index;
    gboolean chained; /* data chaining: its data continues that of the CCW before */
    guint8 cmd;       /* its command, for a data-chained CCW that of the CCW before */
} TraceStep;

/**
 * trace_format_step: Goes on to the next CCW of the guest.
 * @step: the CCW before; all zero for the first. Changed to the next
 *
 * Returns: FALSE after the last CCW.
 */
gboolean trace_format_step(TraceRecord *record, TraceStep *step);

/* Returns: how many bytes of a CCW's data to show. @decoded: the output has the fields of the data, too */
guint trace_format_hex(const TraceStyle *style, const TraceStep *step, gboolean decoded);

/* Returns: the index of the CCW that the status belongs to; -1: no CCW. */
int trace_format_stop(const TraceRecord *record);

/* Returns: whether the program is suspended before that CCW. */
gboolean trace_format_is_suspended(const TraceRecord *record);

/* Returns: whether the function has failed: an errno, a unit check or exception, or an error of the channel. */
gboolean trace_format_is_error(const TraceRecord *record);

/* Returns: the concurrent sense in the IRB, 32 bytes, or NULL if the IRB has no sense. */
const guint8 *trace_format_sense(const TraceRecord *record);
