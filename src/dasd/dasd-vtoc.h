/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads from the labels of a volume which tracks belong to what: the volume table of contents (VTOC) of z/OS and of
 * Linux' CDL, and Linux' LDL. The image may be hostile.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"

#define DASD_VTOC_EXTENTS_MAX 1024 /* of a volume; more are left out */
#define DASD_VTOC_NAME_MAX 44

typedef enum {
    DASD_EXTENT_LABEL,    /* the boot records and the volume label */
    DASD_EXTENT_VTOC,     /* the volume table of contents */
    DASD_EXTENT_DATA_SET, /* a data set; on a CDL volume a partition of Linux */
    DASD_EXTENT_FREE,     /* of nothing */
} DasdExtentKind;

typedef struct {
    DasdExtentKind kind;
    guint32 first; /* tracks */
    guint32 last;
    char name[DASD_VTOC_NAME_MAX + 1]; /* of a data set; "" for the others */
} DasdExtent;

/**
 * dasd_vtoc_read: Reads the extents of a volume.
 * @fd: an image that dasd_image_probe() has accepted
 *
 * Returns: DasdExtent, in order and without overlaps, from the first track to the last: what no label says is free. If
 * extents overlap, the later one on the volume begins behind the earlier one. To be freed with g_array_unref().
 */
GArray *dasd_vtoc_read(int fd, const DasdImageInfo *info);
