/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serves the tree as a file system, by libfuse's low-level interface. It follows sysfs and VFS in who may open which
 * file, in which files users can make or remove, and in how long a write may be.
 */
#pragma once

#include "lab/lab-tree.h"

typedef struct _LabFuse LabFuse;

/**
 * lab_fuse_mount: Mounts the file system.
 * @tree: must live as long as the file system
 * @path: the mount point
 *
 * The caller needs CAP_SYS_ADMIN in the user namespace of its mount namespace, and /dev/fuse.
 *
 * Returns: the file system, or NULL with CCW_ERROR_SYSTEM.
 */
LabFuse *lab_fuse_mount(LabTree *tree, const char *path, GError **error);

/**
 * lab_fuse_run: Serves the file system until a user unmounts it.
 *
 * Returns: 0 or an errno.
 */
int lab_fuse_run(LabFuse *fuse);

/**
 * lab_fuse_changed: Tells the kernel, from another thread, which paths have vanished without a write that has ended.
 *
 * Any thread may call this, also with the model's lock held.
 */
void lab_fuse_changed(LabFuse *fuse);
