/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the path of a call to the node that answers it, for all calls of the preloaded library alike: those by path
 * (vfio-path.c) and those on folders (vfio-folder.c).
 */
#pragma once

#include "vfio/vfio-file.h"
#include "vfio/vfio-tree.h"

/* From now on this process's calls are looked at: it is QEMU. tree: NULL without devices of the environment. */
void vfio_path_start(const VfioNode *tree);

/*
 * The node of a path. NULL: the call is the C library's, or, with *ret_errno set, has failed. A shared folder that the
 * machine has is the C library's, too.
 */
const VfioNode *vfio_path_find(int at, const char *path, gboolean follow, int *ret_errno);

/* The same, with the shared folders that the machine has: for who adds what is in both. */
const VfioNode *vfio_path_find_any(int at, const char *path, gboolean follow, int *ret_errno);

/* Does the machine have a folder of that path? */
gboolean vfio_path_is_real(const VfioNode *node);

/* The folder that a descriptor stands for; NULL: it is not of our tree. */
const VfioNode *vfio_folder_of(int fd);

/* A new descriptor for a folder of our tree, or a negative errno. */
int vfio_folder_open(const VfioNode *node);
