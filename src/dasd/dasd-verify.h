/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at every track of an image for what is wrong with it. Nothing is written, and nothing of the image is trusted.
 * What the header says is dasd_image_probe()'s.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"

typedef struct {
    gboolean warning; /* odd, but a volume may be so; else an error: the track cannot be used as it is */
    guint32 track;
    int record;     /* by its place on the track, R0 is 0; -1: the track itself */
    guint64 offset; /* in the file */
    const char *text;
} DasdFinding;

typedef struct {
    guint64 written; /* tracks; all others were never written and so are empty */
    guint64 records; /* R0s not counted */
    guint64 errors;
    guint64 warnings;
} DasdVerifyResult;

typedef struct {
    void (*found)(const DasdFinding *finding, gpointer opaque); /* all errors, the first warnings of a track */
    void (*progress)(guint32 tracks, gpointer opaque);          /* so many were looked at; called for each, in order */
    gpointer opaque;
} DasdVerifyEvents;

/* fd is an image that was probed. Holes are passed over, so a large new volume takes no time. */
void dasd_verify(int fd, const DasdImageInfo *info, const DasdVerifyEvents *events, DasdVerifyResult *ret_result);
