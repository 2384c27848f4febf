/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees of files that look like sysfs, made of the recordings in tests/sysfsdata; for tests only. What a tree cannot do
 * is react to a write: that is model-kernel.h.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "css/host.h"

typedef struct {
    char *root;    /* a temporary folder, with: */
    char *sysfs;   /* ROOT/sys */
    char *proc;    /* ROOT/proc: self/mountinfo, empty; filesystems */
    char *dev;     /* ROOT/dev, not there yet */
    char *udev;    /* ROOT/udev: udev's database, not there yet */
    char *run_dir; /* ROOT/run, not there yet */
    char *status;  /* ROOT/status: libvirt's status files; not there yet */
} Tree;

/* recording: a file name in tests/sysfsdata. */
Tree *tree_new(const char *recording);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* A host on the tree. */
CssHost *tree_host(Tree *tree);

/* Makes the device node ROOT/dev/name, with the number "94:1". FALSE where that is not allowed: skip the test. */
gboolean tree_node(Tree *tree, mode_t type, const char *name, const char *number);

/* Process pid, whose name is comm, has the file at ROOT/path open. */
void tree_open(Tree *tree, const char *pid, const char *comm, const char *path);

/* Writes ROOT/path, with the folders it needs. */
void tree_write(Tree *tree, const char *path, const char *text);
void tree_remove(Tree *tree, const char *path);

/* Everything under ROOT/sys, a line each, sorted; to compare two states. */
char *tree_dump(Tree *tree);

/* The golden file tests/sysfsdata/NAME must hold text; LIBVIRT_CCW_REGENERATE=1 in the environment writes it. */
void assert_golden(const char *name, const char *text);

/* Removes a folder and everything in it, following no links. */
void remove_recursively(const char *path);
