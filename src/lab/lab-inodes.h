/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inode numbers that the kernel knows of the lab's file system. A path has a number from its first lookup until the
 * kernel forgets the number. Any thread may call these functions.
 */
#pragma once

#include <glib.h>

#define LAB_INODE_ROOT 1 /* FUSE_ROOT_ID; its path is "" */

typedef struct _LabInodes LabInodes;

LabInodes *lab_inodes_new(void);
void lab_inodes_free(LabInodes *inodes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabInodes, lab_inodes_free)

/**
 * lab_inodes_lookup: Counts a lookup of a path.
 * @owner: that of the path's LabEntry
 *
 * Returns: the path's number, a new one at the first lookup.
 */
guint64 lab_inodes_lookup(LabInodes *inodes, const char *path, guint owner);

/* Takes @lookups from the count of a number, and removes the number when the count is 0. */
void lab_inodes_forget(LabInodes *inodes, guint64 number, guint64 lookups);

/* Returns: the path, to be freed with g_free(), or NULL for a number that the kernel must not know. */
char *lab_inodes_path(LabInodes *inodes, guint64 number);

/* Returns: the number; 0 for a path that the kernel does not know. */
guint64 lab_inodes_number(LabInodes *inodes, const char *path);

/* Returns: every known path of an owner, except the root. */
GPtrArray *lab_inodes_paths(LabInodes *inodes, guint owner);
