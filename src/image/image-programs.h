/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects programs of a root file system in an initramfs, with their libraries and interpreters. */
#pragma once

#include "image/image-cpio.h"
#include "image/image-root.h"

/**
 * image_programs_find:
 * @name: of a program, without a folder
 *
 * Returns: its path in the root, in the folders of PATH; NULL if the root has no such program
 */
char *image_programs_find(const ImageRoot *root, const char *name);

/**
 * image_programs_add:
 * @path: of a program in the root
 *
 * Adds the program, the symbolic links on the way to it, and everything that the dynamic loader needs for it.
 *
 * Returns: FALSE with an error that names the file which is missing or damaged
 */
gboolean image_programs_add(const ImageRoot *root, const char *path, ImageCpio *cpio, GError **error);
