/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command on a DASD image, in a captive guest: a rescue system. */
#pragma once

#include "image/image-session.h"

typedef struct {
    const char *image;
    const char *guest;     /* file of the captive guest; NULL: make it of @root */
    const char *root;      /* a root file system to make it of; NULL with @guest */
    CcwBusId device;       /* the bus id of the image in the guest */
    gboolean is_read_only; /* the command cannot write to the image */
    gboolean is_beside;    /* the command runs beside the volume, which is not mounted */
    char *const *command;  /* NULL: a shell */
    gboolean has_terminal; /* the command gets this process's terminal, else its standard files */
    guint memory;
    guint step_seconds; /* of all steps but the command */
    const char *emulator;
    ImageWatcher watcher;
} ImageRunSettings;

/**
 * image_run:
 * @ret_words: char *, the guest's words that explain a failure; NULL if the guest was not started
 *
 * Returns: the exit code of the command; -1 with an error if it was not run, or the volume could not be unmounted
 */
int image_run(const ImageRunSettings *settings, GPtrArray **ret_words, GError **error);
