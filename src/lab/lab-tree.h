/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model as a sysfs tree: which paths exist, and what reading and writing them does. Paths are relative to /sys and
 * have no slash at either end; "" is the root. lab-tree-rows.c holds the table of all paths.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-entry.h"
#include "lab/lab-model.h"

typedef struct _LabTree LabTree;

/* @mount_points: empty folders beside the model's, over which the lab binds folders of the real sysfs; copied. */
LabTree *lab_tree_new(LabModel *model, const char *const *mount_points);
void lab_tree_free(LabTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabTree, lab_tree_free)

/**
 * lab_tree_lookup: Finds the entry of a path.
 * @ret_entry: written on success only, without a name
 *
 * Returns: whether the path exists now.
 */
gboolean lab_tree_lookup(LabTree *tree, const char *path, LabEntry *ret_entry);

/* Returns: the number of owners (LabEntry). */
guint lab_tree_owners(const LabTree *tree);

/**
 * lab_tree_changes: Lists the owners that may have lost paths since the last call.
 * @seen: one counter for each owner, zero before the first call; updated
 * @ret_owners: guint; gets the owners
 */
void lab_tree_changes(LabTree *tree, guint64 *seen, GArray *ret_owners);

/*
 * Returns: a LabEntry for each entry of a directory, to be freed with g_array_unref(), or NULL if path is no directory.
 */
GArray *lab_tree_list(LabTree *tree, const char *path);

/* Returns: the target of a link, relative as in sysfs, to be freed with g_free(), or NULL if path is no link. */
char *lab_tree_target(LabTree *tree, const char *path);

/* These return 0 or an errno; ENODEV: the attribute has vanished since the caller opened it. */
int lab_tree_read(LabTree *tree, const char *path, GString *text);
int lab_tree_write(LabTree *tree, const char *path, const char *data, gsize length);
