/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The captive guest: a kernel and an initramfs that come from a root file system, with this project's /init
 * (guest/init). image-guest.h runs it. It is kept in a file, a cpio archive with the members "kernel" and "initramfs".
 */
#pragma once

#include "image/image-kernel.h"
#include "image/image-root.h"

typedef struct {
    GBytes *kernel;
    GBytes *initramfs;
} ImageCaptive;

/**
 * image_captive_make:
 * @root: has the programs that the guest needs, among them tar, dasdfmt, fdasd and mkfs
 *
 * Returns: the guest; NULL with an error that names what the root lacks
 */
ImageCaptive *image_captive_make(const ImageRoot *root, const ImageKernel *kernel, ImageFileSystem file_system,
                                 GError **error);

/**
 * image_captive_load:
 * @path: a file that image_captive_save() wrote
 *
 * Returns: the guest; NULL with CCW_ERROR_NOT_FOUND, CCW_ERROR_INVALID or CCW_ERROR_SYSTEM
 */
ImageCaptive *image_captive_load(const char *path, GError **error);

/* Writes the guest to a file. Returns: FALSE with CCW_ERROR_SYSTEM. */
gboolean image_captive_save(const ImageCaptive *captive, const char *path, GError **error);

void image_captive_free(ImageCaptive *captive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageCaptive, image_captive_free)
