/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds what can be traced, in /proc: processes that have a ring (trace-ring.h). The kernel shows a process's
 * descriptors to its own user and to root, and so who may trace it is who may use a debugger on it.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Opens the ring of a process. Returns the descriptor, or -1.
 * Errors: CCW_ERROR_NOT_FOUND, CCW_ERROR_DENIED, CCW_ERROR_SYSTEM.
 */
int trace_find_ring(pid_t pid, GError **error);

/*
 * The QEMUs that can be traced, as pid_t: all, or the one of a domain's name (QEMU's -name). Never empty.
 * Errors: CCW_ERROR_NOT_FOUND (there is none), CCW_ERROR_DENIED (there are, but they are another user's).
 */
GArray *trace_find_qemus(const char *domain, GError **error);

/* A QEMU's domain name as its command line has it, NULL without one. words: of /proc/PID/cmdline, `length` bytes. */
char *trace_find_name(const char *words, gsize length);
