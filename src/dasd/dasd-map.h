/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map of a volume: which tracks are formatted, damaged or allocated on the host, and what they belong to. The image
 * may be in use, and may be hostile; the map is of a bounded size for a volume of any size.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"
#include "dasd/dasd-vtoc.h"

#define DASD_MAP_BINS 1000

typedef struct {
    guint32 tracks;
    guint32 formatted; /* tracks with records besides R0 */
    guint32 damaged;   /* tracks that the device cannot use; the others are empty */
    guint32 allocated; /* tracks that have data in the file on the host */
} DasdMapCounts;

typedef struct {
    DasdExtent extent;
    DasdMapCounts counts;
} DasdMapRegion;

typedef struct {
    guint32 tracks;
    DasdMapCounts total;
    GArray *regions;                   /* DasdMapRegion, in order, from the first track to the last */
    guint n_bins;                      /* at most DASD_MAP_BINS, and at most a bin for each track */
    DasdMapCounts bins[DASD_MAP_BINS]; /* of equal parts of the volume; bin b begins at track tracks * b / n_bins */
} DasdMap;

/**
 * dasd_map_new: Reads all tracks that the file has.
 * @fd: an image that dasd_image_probe() has accepted
 * @progress: called with the number of tracks so far; NULL: not called
 *
 * Passes over holes. A track that cannot be read counts as damaged.
 */
DasdMap *dasd_map_new(int fd, const DasdImageInfo *info, void (*progress)(guint32 tracks, gpointer opaque),
                      gpointer opaque);
void dasd_map_free(DasdMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DasdMap, dasd_map_free)

/* Returns: the name of an extent for people, "free" or that of the data set; to be freed with g_free(). */
char *dasd_map_name(const DasdExtent *extent);

/**
 * dasd_map_svg: Draws the map.
 * @name: of the image
 *
 * Returns: a picture in SVG of at most a few hundred KB, to be freed with g_free().
 */
char *dasd_map_svg(const DasdMap *map, const DasdImageInfo *info, const char *name);
