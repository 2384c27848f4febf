/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums up trace records, as strace -c does system calls: for each device and command, how many functions and CCWs there
 * were, how long they took, and which failed. The memory is bounded for any number of records. Records may be hostile.
 */
#pragma once

#include "trace/trace-record.h"

#define TRACE_SUMMARY_DEVICES_MAX 16 /* the records of more devices are only counted */

typedef struct _TraceSummary TraceSummary;

TraceSummary *trace_summary_new(void);
void trace_summary_free(TraceSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceSummary, trace_summary_free)

/* Adds a record. Leaves its CCWs for other readers. */
void trace_summary_add(TraceSummary *summary, const TraceRecord *record);

/* Adds functions that were lost before they could be read. */
void trace_summary_add_lost(TraceSummary *summary, guint64 lost);

/*
 * These return the summary so far, to be freed with g_free(): a table for each device, or one JSON object. A function
 * counts for the command of its program that moves most data; its time, from start to status, is that command's.
 */
char *trace_summary_text(const TraceSummary *summary);
char *trace_summary_json(const TraceSummary *summary);
