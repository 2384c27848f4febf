/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the node that answers a call by path. All calls of the preloaded library use these functions: vfio-open.c,
 * vfio-stat.c and vfio-folder.c have the calls.
 */
#pragma once

#include <errno.h>

#include "vfio/vfio-file.h"
#include "vfio/vfio-tree.h"

/**
 * vfio_path_start:
 * @tree: NULL without devices of the environment
 *
 * Begins to look at the calls of this process, because it is QEMU.
 */
void vfio_path_start(const VfioNode *tree);

/*
 * A caller may pass no path at all, as Rust's library does to check whether the kernel has statx(). The C library
 * declares that a path is never NULL, so the compiler would drop a check of the parameter. This function hides the
 * origin of the path from the compiler.
 */
static inline const char *vfio_path_maybe_null(const char *path)
{
    __asm__("" : "+r"(path));
    return path;
}

/* Returns TRUE if vfio_path_start() was called. */
gboolean vfio_path_is_qemu(void);

/* Sets errno. Returns -1, for the caller's return statement. */
static inline int vfio_path_fail(int errnum)
{
    errno = errnum;
    return -1;
}

/**
 * vfio_path_find:
 * @at: descriptor of the folder in which a relative path starts
 * @follow: whether to follow a link at the end of the path
 * @ret_errno: 0, or the error of the call
 *
 * Returns: the node of a path. NULL: the C library answers the call, or the call has failed with @ret_errno. If the
 * machine has a shared folder, the C library answers for it, too
 */
const VfioNode *vfio_path_find(int at, const char *path, gboolean follow, int *ret_errno);

/**
 * vfio_path_find_at:
 *
 * Like vfio_path_find(), with the flags of the calls whose names end in "at".
 */
const VfioNode *vfio_path_find_at(int at, const char *path, int flags, int *ret_errno);

/**
 * vfio_path_find_any:
 *
 * Like vfio_path_find(), but also returns shared folders that the machine has: for a caller that merges the entries of
 * both.
 */
const VfioNode *vfio_path_find_any(int at, const char *path, gboolean follow, int *ret_errno);

/**
 * vfio_path_is_real:
 *
 * Returns: TRUE if the machine has a file with the path of this node
 */
gboolean vfio_path_is_real(const VfioNode *node);

/**
 * vfio_folder_of:
 *
 * Returns: the folder of a descriptor, or NULL if it is not a folder of the tree
 */
const VfioNode *vfio_folder_of(int fd);

/**
 * vfio_folder_open:
 *
 * Returns: a new descriptor for a folder of the tree, or a negative errno
 */
int vfio_folder_open(const VfioNode *node);
