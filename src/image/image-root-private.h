/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What image-root.c, the index, and image-root-copy.c, which fills it, share. */
#pragma once

#include "image/image-root.h"

typedef enum { IMAGE_ROOT_FILE, IMAGE_ROOT_FOLDER, IMAGE_ROOT_LINK, IMAGE_ROOT_OTHER } ImageRootKind;

typedef struct {
    ImageRootKind kind;
    char *target;   /* of a symbolic link */
    guint64 offset; /* of a file's bytes in the archive */
    guint64 size;
} ImageRootEntry;

struct _ImageRoot {
    char *name;          /* as the user gave it, for messages */
    char *work_dir;      /* folder of the archive, for messages */
    int fd;              /* the archive */
    GHashTable *entries; /* path without '/' at its begin -> ImageRootEntry * */
    guint64 size;        /* of the files, in whole blocks */
};

/* Copies what the user gave into root->fd, and adds all of it to the index. */
gboolean image_root_copy(ImageRoot *root, const char *path, GError **error);
