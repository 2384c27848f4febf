/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the kernel of a root file system, with its initramfs, and the modules of it that a captive guest loads. */
#pragma once

#include "image/image-root.h"

typedef struct {
    char *version;   /* "6.1.0-44-s390x" */
    char *modules;   /* folder of its modules in the root */
    char *kernel;    /* path in the root */
    char *initramfs; /* path in the root; NULL: the root has none for this kernel */
} ImageKernel;

/* The file systems that the captive guest can make. */
typedef enum { IMAGE_EXT4, IMAGE_XFS, IMAGE_BTRFS, IMAGE_FILE_SYSTEMS } ImageFileSystem;

/* Returns: "ext4", "xfs" or "btrfs". */
const char *image_file_system_name(ImageFileSystem file_system);

/* Returns: FALSE with CCW_ERROR_INVALID, which names those that there are. */
gboolean image_file_system_parse(const char *text, ImageFileSystem *ret_file_system, GError **error);

/**
 * image_kernel_find:
 *
 * Finds the newest kernel that the root has together with its modules.
 *
 * Returns: the kernel; NULL with CCW_ERROR_NOT_FOUND, which says where it has looked
 */
ImageKernel *image_kernel_find(const ImageRoot *root, GError **error);

void image_kernel_free(ImageKernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageKernel, image_kernel_free)

/**
 * image_kernel_modules: Finds the modules that a guest needs for a DASD, a virtio disk, and a file system.
 *
 * Returns: char *, paths in the root, in the order to load them; NULL with an error of image_modules_add()
 */
GPtrArray *image_kernel_modules(const ImageRoot *root, const ImageKernel *kernel, ImageFileSystem file_system,
                                GError **error);
