/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespaces of a lab, and why this host or container does not give them. */
#pragma once

#include <glib.h>
#include <sched.h>

/* Of each lab, besides a user namespace. */
#define LAB_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC)

/**
 * lab_namespaces_enter: moves the caller into new mount, pid, network and IPC namespaces
 *
 * A caller without privilege enters a new user namespace, too, and is root in it.
 *
 * Returns: FALSE with CCW_ERROR_DENIED or another error, which names the setting that forbids it and the remedy
 */
gboolean lab_namespaces_enter(GError **error);
