/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-histogram.h"

#define STEP_BITS 5 /* of TRACE_HISTOGRAM_STEPS */

G_STATIC_ASSERT(1 << STEP_BITS == TRACE_HISTOGRAM_STEPS);

/*
 * Durations below TRACE_HISTOGRAM_STEPS have a bucket each; above, the leading bits behind the first one are the step.
 */
static guint bucket_of(guint64 duration)
{
    guint power = 63 - (guint)__builtin_clzll(duration | 1);

    if (power < STEP_BITS)
        return (guint)duration;
    return (power - STEP_BITS + 1) * TRACE_HISTOGRAM_STEPS +
           (guint)(duration >> (power - STEP_BITS)) % TRACE_HISTOGRAM_STEPS;
}

/* Returns: the middle of a bucket. */
static guint64 middle_of(guint bucket)
{
    guint shift;
    guint64 first;

    if (bucket < TRACE_HISTOGRAM_STEPS)
        return bucket;
    shift = bucket / TRACE_HISTOGRAM_STEPS - 1;
    first = (guint64)(TRACE_HISTOGRAM_STEPS + bucket % TRACE_HISTOGRAM_STEPS) << shift;
    return first + (((guint64)1 << shift) - 1) / 2;
}

static guint64 add_saturated(guint64 a, guint64 b)
{
    return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

void trace_histogram_add(TraceHistogram *histogram, guint64 duration)
{
    guint bucket = bucket_of(duration);

    if (histogram->n == 0 || duration < histogram->least)
        histogram->least = duration;
    if (duration > histogram->most)
        histogram->most = duration;
    histogram->n++;
    histogram->sum = add_saturated(histogram->sum, duration);
    if (histogram->buckets[bucket] < G_MAXUINT32)
        histogram->buckets[bucket]++;
}

void trace_histogram_merge(TraceHistogram *histogram, const TraceHistogram *other)
{
    if (other->n == 0)
        return;
    histogram->least = histogram->n ? MIN(histogram->least, other->least) : other->least;
    histogram->most = MAX(histogram->most, other->most);
    histogram->n = add_saturated(histogram->n, other->n);
    histogram->sum = add_saturated(histogram->sum, other->sum);
    for (guint b = 0; b < TRACE_HISTOGRAM_BUCKETS; b++)
        histogram->buckets[b] = (guint32)MIN((guint64)histogram->buckets[b] + other->buckets[b], G_MAXUINT32);
}

guint64 trace_histogram_percentile(const TraceHistogram *histogram, guint percent)
{
    guint64 wanted = histogram->n / 100 * percent + (histogram->n % 100 * percent + 99) / 100;
    guint64 seen = 0;

    for (guint b = 0; b < TRACE_HISTOGRAM_BUCKETS && histogram->n; b++) {
        seen += histogram->buckets[b];
        if (seen >= MAX(wanted, 1)) {
            guint64 middle = middle_of(b);

            return CLAMP(middle, histogram->least, histogram->most);
        }
    }
    return histogram->most;
}
