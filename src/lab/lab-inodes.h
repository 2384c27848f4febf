/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inode numbers that the kernel knows of the lab's file system: a path has one from its first lookup until the
 * kernel forgets it. Safe from any thread.
 */
#pragma once

#include <glib.h>

#define LAB_INODE_ROOT 1 /* FUSE_ROOT_ID; its path is "" */

typedef struct _LabInodes LabInodes;

LabInodes *lab_inodes_new(void);
void lab_inodes_free(LabInodes *inodes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabInodes, lab_inodes_free)

/* The number of a path, counting one lookup more; owner is LabEntry's. */
guint64 lab_inodes_take(LabInodes *inodes, const char *path, guint owner);
void lab_inodes_forget(LabInodes *inodes, guint64 number, guint64 lookups);

/* NULL for a number that the kernel should not know. */
char *lab_inodes_path(LabInodes *inodes, guint64 number);

/* 0 for a path that the kernel does not know. */
guint64 lab_inodes_number(LabInodes *inodes, const char *path);

/* Every path of this owner that is known now, but the root's. */
GPtrArray *lab_inodes_paths(LabInodes *inodes, guint owner);
