/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks every track of an image. Writes nothing, and trusts nothing in the image. dasd_image_probe() checks the
 * header.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"

typedef struct {
    gboolean warning; /* unusual, but a volume may be so; FALSE: an error, the device cannot use the track as it is */
    guint32 track;
    int record;     /* index on the track; R0 is 0; -1: the track itself */
    guint64 offset; /* offset in the file */
    const char *text;
} DasdFinding;

typedef struct {
    guint64 written; /* tracks in the file; the others were never written, and so are empty */
    guint64 records; /* records without R0s */
    guint64 errors;
    guint64 warnings;
} DasdVerifyResult;

typedef struct {
    void (*found)(const DasdFinding *finding,
                  gpointer opaque); /* called for all errors, and for the first warnings of a track */
    void (*progress)(guint32 tracks,
                     gpointer opaque); /* called after each track, in order, with the number of tracks so far */
    gpointer opaque;
} DasdVerifyEvents;

/**
 * dasd_verify:
 * @fd: an image that dasd_image_probe() has accepted
 *
 * Passes over holes, so a large new volume takes no time.
 */
void dasd_verify(int fd, const DasdImageInfo *info, const DasdVerifyEvents *events, DasdVerifyResult *ret_result);
