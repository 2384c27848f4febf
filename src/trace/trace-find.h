/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the processes in /proc that have a ring (trace-ring.h), which a user can trace. The kernel shows a process's
 * descriptors only to its own user and to root, so users who can debug a process can trace it.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * trace_find_ring: Opens the ring of a process.
 *
 * Returns: the descriptor; -1 with CCW_ERROR_NOT_FOUND (no such process, or it has no ring), CCW_ERROR_DENIED (it
 * belongs to another user) or CCW_ERROR_SYSTEM.
 */
int trace_find_ring(pid_t pid, GError **error);

/**
 * trace_find_qemus: Finds the QEMUs that the user can trace.
 * @domain: the name of a domain (QEMU's -name); NULL: all
 *
 * Returns: pid_t of at least one QEMU, or NULL with CCW_ERROR_NOT_FOUND (no such QEMU) or CCW_ERROR_DENIED (they belong
 * to another user).
 */
GArray *trace_find_qemus(const char *domain, GError **error);

/**
 * trace_find_name: Finds the domain's name in QEMU's command line.
 * @words: the text of /proc/PID/cmdline, of @length bytes
 *
 * Returns: the name, to be freed with g_free(), or NULL if the command line has no name.
 */
char *trace_find_name(const char *words, gsize length);

/* Returns: the name of the domain of a process, to be freed with g_free(); NULL if it has none. */
char *trace_find_name_of(pid_t pid);
