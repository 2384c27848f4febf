/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes an initramfs: an uncompressed cpio archive of the format newc in memory. Linux unpacks several of them, one
 * after the other. All files belong to root.
 */
#pragma once

#include <glib.h>

typedef struct _ImageCpio ImageCpio;

ImageCpio *image_cpio_new(void);
void image_cpio_free(ImageCpio *cpio);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageCpio, image_cpio_free)

/*
 * Each adds a file with a path that has no '/' at its begin, and the folders above it, unless it is there already. They
 * return FALSE with CCW_ERROR_SYSTEM.
 */
gboolean image_cpio_add_file(ImageCpio *cpio, const char *path, GBytes *data, guint mode, GError **error);
gboolean image_cpio_add_link(ImageCpio *cpio, const char *path, const char *target, GError **error);
gboolean image_cpio_add_folder(ImageCpio *cpio, const char *path, GError **error);

/* Ends the archive. Returns: the archive; NULL with CCW_ERROR_SYSTEM. */
GBytes *image_cpio_finish(ImageCpio *cpio, GError **error);
