/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trace record as a person reads it (trace-text.c: a few lines) and as a program does (trace-json.c: one object on
 * one line). docs/trace.md describes both.
 */
#pragma once

#include "trace/trace-record.h"

typedef struct {
    gboolean hex;   /* show bytes of data that have no decoder */
    guint hex_more; /* and so many of any data; 0: 16 of what has none */
} TraceStyle;

/* Both go through the record's CCWs from where it is; what they append ends in a newline. */
void trace_format_text(TraceRecord *record, const TraceStyle *style, GString *text);
void trace_format_json(TraceRecord *record, const TraceStyle *style, GString *text);

/* For the two of them: a CCW with what is known of it from the CCWs before it. */
typedef struct {
    TraceCcw ccw;
    guint index;
    gboolean chained; /* it goes on with the data of the one before */
    guint8 cmd;       /* its command, also then */
} TraceStep;

/* The next CCW of the guest's. FALSE after the last. Begins with *step all zero. */
gboolean trace_format_step(TraceRecord *record, TraceStep *step);

/* How many bytes of its data are to be shown. */
guint trace_format_hex(const TraceStyle *style, const TraceStep *step, gboolean decoded);

/* The index of the CCW that the status is of; -1: none. */
int trace_format_stop(const TraceRecord *record);

/* Whether it stands before that CCW, to be resumed. */
gboolean trace_format_suspended(const TraceRecord *record);

/* Concurrent sense in the IRB, 32 bytes; NULL without. */
const guint8 *trace_format_sense(const TraceRecord *record);
