/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree of files that exists in this process only, and the lookup of paths in it. This file knows neither sysfs nor
 * VFIO, and makes no system call.
 */
#pragma once

#include <glib.h>

typedef enum {
    VFIO_NODE_FOLDER,
    VFIO_NODE_LINK,
    VFIO_NODE_FILE,
    VFIO_NODE_DEVICE, /* a character device */
} VfioNodeKind;

typedef struct _VfioNode VfioNode;

struct _VfioNode {
    VfioNodeKind kind;
    gboolean is_shared; /* the machine may have this folder, too; the tree's entries are added to the machine's */
    guint64 inode;
    char *name;
    char *path;          /* from the root, without links */
    char *text;          /* of a link: its target; of a file: its contents */
    guint64 number;      /* of a device: as makedev() gives it */
    VfioNode *parent;    /* of the root: itself */
    GPtrArray *children; /* of a folder, in the order in which they were added */
};

/**
 * vfio_tree_new:
 *
 * Returns: a root that is shared and empty
 */
VfioNode *vfio_tree_new(void);
void vfio_tree_free(VfioNode *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioNode, vfio_tree_free)

/**
 * vfio_tree_add:
 * @path: from the root, without links
 * @text: see VfioNode; NULL for a folder and a device
 *
 * Adds a node, and the folders above it, which are shared unless they have been added themselves. A node that the tree
 * has already stays as it is.
 *
 * Returns: the node
 */
VfioNode *vfio_tree_add(VfioNode *root, const char *path, VfioNodeKind kind, const char *text);

/**
 * vfio_tree_find:
 * @from: the folder in which a relative path starts
 * @follow: whether a link at the path's end is followed
 * @ret_errno: why there is no node: ENOENT, ENOTDIR or ELOOP, or 0 if the path leaves the tree
 *
 * Goes from a path to its node, as the kernel does: by "..", links and repeated slashes.
 *
 * Returns: the node, or NULL with @ret_errno
 */
const VfioNode *vfio_tree_find(const VfioNode *from, const char *path, gboolean follow, int *ret_errno);
