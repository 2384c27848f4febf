/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root file system that a user gives: a folder, or a tar archive with any compression. It is copied once into a
 * temporary file, as an uncompressed pax archive, which keeps owners, modes, extended attributes and capabilities. The
 * captive guest unpacks that file; meanwhile its index lets the host read single files of it.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-ckd.h"

typedef struct _ImageRoot ImageRoot;

/**
 * image_root_open:
 * @path: a folder, or a tar archive; "-" reads the archive from standard input
 * @work_dir: folder of the temporary file, which has no name there
 *
 * Returns: the root; NULL with CCW_ERROR_NOT_FOUND, CCW_ERROR_INVALID or CCW_ERROR_SYSTEM
 */
ImageRoot *image_root_open(const char *path, const char *work_dir, GError **error);

void image_root_free(ImageRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageRoot, image_root_free)

/* Returns: the descriptor of the archive, which the root owns. */
int image_root_fd(const ImageRoot *root);

/* Returns: the bytes that the files take on a file system with blocks of 4096 bytes. */
guint64 image_root_size(const ImageRoot *root);

/**
 * image_root_resolve:
 * @path: in the root, with or without '/' at its begin
 * @links: char *, gets the path of each symbolic link on the way; NULL
 *
 * Follows all symbolic links as a process would whose root this is.
 *
 * Returns: the path of what is there, without '/' at its begin, to be freed with g_free(); NULL if there is nothing
 */
char *image_root_resolve(const ImageRoot *root, const char *path, GPtrArray *links);

/* Returns: the target of the symbolic link with exactly this path; NULL if that is no symbolic link. */
const char *image_root_link(const ImageRoot *root, const char *path);

/* Returns: whether there is something at the path, behind all symbolic links. */
gboolean image_root_has(const ImageRoot *root, const char *path);

/**
 * image_root_read:
 * @path: of a regular file; symbolic links are followed
 *
 * Returns: its bytes; NULL with CCW_ERROR_NOT_FOUND, CCW_ERROR_INVALID for what is no file or is longer than
 * IMAGE_ROOT_FILE_MAX, or CCW_ERROR_SYSTEM
 */
GBytes *image_root_read(const ImageRoot *root, const char *path, GError **error);

#define IMAGE_ROOT_FILE_MAX (256u << 20)

/* A file system on a 3390 has blocks of 4096 bytes, 12 on a track. */
#define IMAGE_ROOT_BLOCK 4096u
#define IMAGE_ROOT_CYLINDER ((guint64)DASD_3390_HEADS * 12 * IMAGE_ROOT_BLOCK)

/* The bytes of the largest 3390. The files of a root must be smaller. */
#define IMAGE_ROOT_SIZE_MAX (DASD_3390_CYLINDERS_MAX * IMAGE_ROOT_CYLINDER)

/* Calls the function for all paths, in no order. */
void image_root_foreach(const ImageRoot *root, void (*func)(const char *path, gpointer data), gpointer data);
