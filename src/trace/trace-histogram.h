/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts durations in buckets of a fixed relative width, so that any number of them takes the same memory. A percentile
 * is right within 2 percent; the smallest and the largest duration are exact.
 */
#pragma once

#include <glib.h>

#define TRACE_HISTOGRAM_STEPS 32 /* buckets for each power of two */
#define TRACE_HISTOGRAM_BUCKETS (64 * TRACE_HISTOGRAM_STEPS)

typedef struct {
    guint64 n;
    guint64 sum; /* ns; stays at its largest value when it would overflow, as a bucket does */
    guint64 least, most;
    guint32 buckets[TRACE_HISTOGRAM_BUCKETS];
} TraceHistogram;

/* Adds a duration in ns. @histogram: zeros before the first call */
void trace_histogram_add(TraceHistogram *histogram, guint64 duration);

/* Adds all durations of another histogram. */
void trace_histogram_merge(TraceHistogram *histogram, const TraceHistogram *other);

/* Returns: the duration in ns that so many percent of all durations do not exceed; 0 for an empty histogram. */
guint64 trace_histogram_percentile(const TraceHistogram *histogram, guint percent);
