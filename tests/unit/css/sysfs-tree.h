/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees of files that look like sysfs, made from the recordings in tests/sysfsdata; for tests only. A tree does not
 * react to writes: model-kernel.h does.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "css/host.h"

typedef struct {
    char *root;    /* a temporary folder, which contains the others */
    char *sysfs;   /* ROOT/sys */
    char *proc;    /* ROOT/proc: self/mountinfo, which is empty, and filesystems */
    char *dev;     /* ROOT/dev; a test makes it */
    char *udev;    /* ROOT/udev: udev's database; a test makes it */
    char *run_dir; /* ROOT/run; a test makes it */
    char *status;  /* ROOT/status: libvirt's status files; a test makes it */
} Tree;

/* recording: the name of a file in tests/sysfsdata */
Tree *tree_new(const char *recording);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* Returns a host on the tree. */
CssHost *tree_host(Tree *tree);

/* Makes the device node ROOT/dev/name with a number such as "94:1". FALSE without permission: skip the test. */
gboolean tree_node(Tree *tree, mode_t type, const char *name, const char *number);

/* Adds a process with this id and command name that has the file at ROOT/path open. */
void tree_open(Tree *tree, const char *pid, const char *comm, const char *path);

/* Writes ROOT/path, and makes its folders. */
void tree_write(Tree *tree, const char *path, const char *text);
void tree_remove(Tree *tree, const char *path);

/* Returns everything below ROOT/sys as sorted lines, to compare two states. */
char *tree_dump(Tree *tree);

/* Compares text with the golden file tests/sysfsdata/NAME. LIBVIRT_CCW_REGENERATE=1 in the environment writes it. */
void assert_golden(const char *name, const char *text);

/* Removes a folder and its contents, without following links. */
void remove_recursively(const char *path);
