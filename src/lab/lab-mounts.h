/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the lab's view of the file system inside its mount namespace, in this order: lab_mounts_enter(), the lab's file
 * system over /sys (lab-server.h), lab_mounts_finish().
 *
 * The root is a tmpfs with the host's top folders bound below it. This works with and without privilege: without
 * privilege a process cannot unmount inherited mounts, but it can leave them behind.
 */
#pragma once

#include "lab/lab-programs.h"

/**
 * lab_mounts_enter: Enters a new root with private folders, /dev, a fresh /proc, the real sysfs at /sys and at
 * LAB_REAL_SYS, and our programs in LAB_BIN.
 * @writable: real paths of the host's folders that the lab can write to, besides /tmp and /var/tmp; "/" is all of them.
 *            The function mounts everything else of the host read-only
 * @hidden: a folder of the host that is empty in the lab, if the lab shows it at all; NULL: none
 * @ret_can_make_nodes: whether the lab can make device nodes, which it cannot in a user namespace
 *
 * Returns: TRUE; FALSE with an error if a step fails or a folder of an installed program is missing.
 */
gboolean lab_mounts_enter(const LabPrograms *programs, const char *const *writable, const char *hidden,
                          gboolean *ret_can_make_nodes, GError **error);

/**
 * lab_mounts_own_folder: Finds the folder that hides a path of the host in the lab.
 *
 * Returns: that folder of the lab, for example "/run", or NULL if the lab shows the host's path.
 */
const char *lab_mounts_own_folder(const char *path);

/* Returns: the folders of the real sysfs that a lab shows beside its own, relative to /sys; free with g_strfreev(). */
char **lab_mounts_real_folders(void);

/**
 * lab_mounts_finish: Binds folders of the real sysfs into the lab's /sys, and makes every mount shared. Without shared
 * mounts libvirt's hot-plug into /dev fails.
 * @real_folders: those of lab_mounts_real_folders()
 *
 * Returns: TRUE; FALSE with an error if a mount fails.
 */
gboolean lab_mounts_finish(char **real_folders, GError **error);
