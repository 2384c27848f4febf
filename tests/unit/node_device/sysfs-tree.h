/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees of files that look like sysfs, made of the recordings in tests/sysfsdata; for tests only. What a tree cannot do
 * is react to a write: that is model-kernel.h.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *root;    /* a temporary folder, with: */
    char *sysfs;   /* ROOT/sys */
    char *proc;    /* ROOT/proc: self/mountinfo, empty */
    char *run_dir; /* ROOT/run, not there yet */
    char *status;  /* ROOT/status: libvirt's status files; not there yet */
} Tree;

/* recording: a file name in tests/sysfsdata. */
Tree *tree_new(const char *recording);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* Writes ROOT/path, with the folders it needs. */
void tree_write(Tree *tree, const char *path, const char *text);
void tree_remove(Tree *tree, const char *path);

/* Everything under ROOT/sys, a line each, sorted; to compare two states. */
char *tree_dump(Tree *tree);

/* The golden file tests/sysfsdata/NAME must hold text; with UPDATE_GOLDEN=1 in the environment it is written. */
void assert_golden(const char *name, const char *text);

/* Removes a folder and everything in it, following no links. */
void remove_recursively(const char *path);
