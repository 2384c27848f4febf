/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a DASD image that IPLs from a root file system of s390x Linux. */
#pragma once

#include "image/image-kernel.h"
#include "image/image-session.h"

typedef struct {
    const char *root;  /* a folder, a tar archive, or "-" */
    const char *image; /* to make; it must not exist */
    const char *guest; /* file to keep the captive guest in, which must not exist; NULL: do not keep it */
    CcwBusId device;   /* the bus id that the image has when it is IPLed */
    ImageFileSystem file_system;
    const char *model;      /* "3390-9"; NULL: use @cylinders */
    guint32 cylinders;      /* 0: half as many again as the files need, and 256 MiB more */
    const char *volser;     /* 1 to 6 characters */
    const char *parameters; /* kernel parameters beside root=; NULL: none */
    guint memory;           /* MiB of the captive guest */
    guint step_seconds;     /* longest time of a step, and of the boot */
    const char *emulator;   /* NULL: the default one */
    ImageWatcher watcher;
} ImageBuildSettings;

/**
 * image_build:
 * @ret_words: char *, the guest's words that explain a failure; NULL if the guest was not started
 *
 * Makes the image beside its place, and moves it there at the end: a build that fails or is interrupted leaves no
 * image.
 *
 * Returns: FALSE with an error; if the guest failed, the error names the step
 */
gboolean image_build(const ImageBuildSettings *settings, GPtrArray **ret_words, GError **error);
