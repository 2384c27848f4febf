/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model as a sysfs tree: which paths there are, and what reading and writing them does. Paths are relative to /sys
 * and have no slash at either end; "" is the root. The paths themselves are one table, in lab-tree-rows.c.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-entry.h"
#include "lab/lab-model.h"

typedef struct _LabTree LabTree;

/* mount_points: empty directories beside the model's, on which parts of the real sysfs are to be bound. */
LabTree *lab_tree_new(LabModel *model, const char *const *mount_points);
void lab_tree_free(LabTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabTree, lab_tree_free)

/* FALSE when there is no such path (now). name is not set. */
gboolean lab_tree_lookup(LabTree *tree, const char *path, LabEntry *ret_entry);

/* How many owners there are; and which of them may have lost paths since seen, one number each, which it updates. */
guint lab_tree_owners(const LabTree *tree);
void lab_tree_changes(LabTree *tree, guint64 *seen, GArray *ret_owners);

/* The LabEntry of a directory, NULL when it is none. Free with g_array_unref. */
GArray *lab_tree_list(LabTree *tree, const char *path);

/* What the link holds, relative as sysfs has it; NULL when path is no link. */
char *lab_tree_target(LabTree *tree, const char *path);

/* Both return 0 or an errno; ENODEV: the attribute has gone since it was opened. */
int lab_tree_read(LabTree *tree, const char *path, GString *text);
int lab_tree_write(LabTree *tree, const char *path, const char *data, gsize length);
