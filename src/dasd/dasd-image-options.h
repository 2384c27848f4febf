/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of an image, as a user writes them after the name of the image. */
#pragma once

#include <glib.h>

typedef struct {
    gboolean read_only;
    gboolean sync;     /* a write is on the disk before the guest gets its status, so it survives a power cut */
    gboolean snapshot; /* the image is only read; a snapshot gets the writes, and is thrown away */
} DasdImageOptions;

/**
 * dasd_image_parse:
 * @text: "IMAGE[,ro][,sync][,snapshot]"; ",read-only" is the same as ",ro"
 *
 * Does not check whether the options fit each other: dasd_image_open() does. Only these words, at the very end, are
 * options. Any other comma belongs to the name. A comma at the end ends the name: "disk,ro," is the file "disk,ro".
 *
 * Returns: the path; the caller frees it
 */
char *dasd_image_parse(const char *text, DasdImageOptions *ret_options);
