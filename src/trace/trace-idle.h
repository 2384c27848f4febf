/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notices that a traced guest does no channel I/O any more, and describes what is known of it: an IPL that goes wrong
 * often ends in a silent guest.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define TRACE_IDLE_SECONDS 10        /* without I/O, until there is a hint */
#define TRACE_IDLE_PAUSE_SECONDS 300 /* from one hint to the next */

typedef struct {
    gint64 last_io;   /* times are those of g_get_monotonic_time() */
    gint64 last_hint; /* 0: there was none */
    guint64 cpu_us;   /* of the process, at the first check after the last I/O */
    gint64 cpu_time;  /* of that check; 0: there was none */
} TraceIdle;

/* Notes that the guest did I/O at this time, or that the trace begins. */
void trace_idle_on_io(TraceIdle *idle, gint64 now);

/**
 * trace_idle_check:
 * @cpu_us: the processor time of the process, in microseconds
 * @name: of the domain; NULL: it has none
 *
 * Checks how long the guest has done no I/O. The tracer calls this function regularly during that time.
 *
 * Returns: a hint on one line, to be freed with g_free(); NULL: there is nothing to say now
 */
char *trace_idle_check(TraceIdle *idle, pid_t pid, const char *name, gint64 now, guint64 cpu_us);

/* Returns: the processor time of a process in microseconds; 0 if it cannot be read. */
guint64 trace_idle_cpu(pid_t pid);
