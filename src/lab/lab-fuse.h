/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree as a file system, by libfuse's low-level interface. It behaves as sysfs does where VFS and sysfs have a say:
 * who may open what, what cannot be made or removed, how long a write may be.
 */
#pragma once

#include "lab/lab-tree.h"

typedef struct _LabFuse LabFuse;

/* Mounts; wants CAP_SYS_ADMIN in the mount namespace's user namespace, and /dev/fuse. */
LabFuse *lab_fuse_mount(LabTree *tree, const char *path, GError **error);

/* Serves until unmounted. Returns 0 or an errno. */
int lab_fuse_run(LabFuse *fuse);

/* From any thread, also with the model's lock held: paths may have vanished though no write has ended. */
void lab_fuse_changed(LabFuse *fuse);
