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

/*
 * New root, private folders, /dev, fresh /proc, the real sysfs at LAB_REAL_SYS, our programs in LAB_BIN.
 * *ret_privileged: device nodes could be made, so this is no user namespace.
 */
gboolean lab_mounts_enter(const LabParts *parts, gboolean *ret_privileged, GError **error);

/* The parts of the real sysfs that are shown beside the lab's own, relative to /sys. */
char **lab_mounts_real_parts(void);

/* Binds those into /sys and shares every mount, without which libvirt's hot-plug into /dev fails. */
gboolean lab_mounts_finish(char **real_parts, GError **error);
