/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows running processes: finds them, attaches to them, and writes the records of each from a thread of its own.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "trace/trace-output.h"

typedef struct {
    const char *domain;    /* the name of a domain; NULL: every QEMU */
    pid_t pid;             /* a process, in place of a domain; 0: no process */
    gboolean can_wait;     /* wait until a QEMU runs, and until it has a device of @devices */
    const GArray *devices; /* CcwBusId; the processes must have these devices, unless @can_wait */
    guint data_max;        /* bytes of each CCW's data to record */
    gboolean has_hints;    /* print a hint on stderr when a guest does nothing */
} TraceTarget;

/**
 * trace_follow: Writes the records of all target processes, until they end, the output is done, or @stop is not 0.
 * @output: opened by this function, when it has attached to the processes
 * @stop: a signal handler may set it
 *
 * Returns: FALSE with an error if there is no such process or device, or the output cannot be opened.
 */
gboolean trace_follow(const TraceTarget *target, TraceOutput *output, const volatile sig_atomic_t *stop,
                      GError **error);
