/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's view of the file system, made inside its mount namespace, in this order: lab_mounts_enter(), the lab's file
 * system over /sys (lab-server.h), lab_mounts_finish().
 *
 * The root is a tmpfs with the host's top folders bound below, so that one way does with and without privilege (without
 * it, inherited mounts cannot be taken off, only left behind).
 */
#pragma once

#include "lab/lab-parts.h"

/**
 * lab_mounts_enter: Enters a new root with private folders, /dev, a fresh /proc, the real sysfs at /sys and at
 * LAB_REAL_SYS, and our programs in LAB_BIN.
 * @writable: real paths of the host's folders that can be written to, besides /tmp and /var/tmp; "/" is all of them.
 *            Everything else of the host is mounted read-only
 * @ret_can_make_nodes: device nodes can be made, so this is no user namespace
 *
 * Returns: FALSE with an error.
 */
gboolean lab_mounts_enter(const LabParts *parts, const char *const *writable, gboolean *ret_can_make_nodes,
                          GError **error);

/**
 * lab_mounts_own_folder: Finds the folder of the lab's own that a path of the host is in.
 *
 * Returns: that folder, for example "/run", or NULL: the lab shows the host's.
 */
const char *lab_mounts_own_folder(const char *path);

/* The parts of the real sysfs that are shown beside the lab's own, relative to /sys. */
char **lab_mounts_real_parts(void);

/* Binds those into /sys and shares every mount, without which libvirt's hot-plug into /dev fails. */
gboolean lab_mounts_finish(char **real_parts, GError **error);
