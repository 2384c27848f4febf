/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-map.h"

#include <errno.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-file.h"
#include "dasd/dasd-track.h"

typedef struct {
    int fd;
    DasdMap *map;
    DasdTrack *track;
    guint region; /* index of that of the current track */
} Scan;

/* Reads a track into memory. Returns: FALSE if that fails, or the device could not use the track. */
static gboolean read_track(Scan *scan, guint32 number)
{
    off_t offset = (off_t)dasd_track_file_offset(number);

    return dasd_file_read_at(scan->fd, scan->track->slot, DASD_3390_TRACK_SIZE, offset) &&
           dasd_track_parse(scan->track, number);
}

static guint bin_of(const DasdMap *map, guint32 number)
{
    guint bin = (guint)((guint64)number * map->n_bins / map->tracks);

    /* The division has rounded down, and the bins begin at rounded tracks, too. */
    while (bin + 1 < map->n_bins && (guint64)map->tracks * (bin + 1) / map->n_bins <= number)
        bin++;
    return bin;
}

static void count(DasdMapCounts *counts, gboolean is_good, gboolean is_formatted)
{
    counts->allocated++;
    counts->damaged += is_good ? 0 : 1;
    counts->formatted += is_formatted ? 1 : 0;
}

/* Counts a track that has data in the file. The numbers come in order. */
static void count_track(Scan *scan, guint32 number)
{
    DasdMap *map = scan->map;
    gboolean is_good = read_track(scan, number);
    gboolean is_formatted = is_good && scan->track->n_records > 1;

    while (g_array_index(map->regions, DasdMapRegion, scan->region).extent.last < number)
        scan->region++;
    count(&g_array_index(map->regions, DasdMapRegion, scan->region).counts, is_good, is_formatted);
    count(&map->bins[bin_of(map, number)], is_good, is_formatted);
    count(&map->total, is_good, is_formatted);
}

/* Returns: the first track, from number on, that has data in the file. */
static guint32 next_allocated(const Scan *scan, guint32 number)
{
    off_t data = lseek(scan->fd, (off_t)dasd_track_file_offset(number), SEEK_DATA);
    guint64 track;

    if (data < 0)
        return errno == ENXIO ? scan->map->tracks : number;
    track = data < DASD_CKD_HEADER_SIZE ? 0 : ((guint64)data - DASD_CKD_HEADER_SIZE) / DASD_3390_TRACK_SIZE;
    return MAX(number, (guint32)MIN(track, scan->map->tracks));
}

static DasdMap *make_map(int fd, const DasdImageInfo *info)
{
    g_autoptr(GArray) extents = dasd_vtoc_read(fd, info);
    DasdMap *map = g_new0(DasdMap, 1);

    map->tracks = map->total.tracks = info->cylinders * DASD_3390_HEADS;
    map->n_bins = MIN(DASD_MAP_BINS, map->tracks);
    map->regions = g_array_new(FALSE, TRUE, sizeof(DasdMapRegion));
    for (guint i = 0; i < extents->len; i++) {
        DasdMapRegion region = { .extent = g_array_index(extents, DasdExtent, i) };

        region.counts.tracks = region.extent.last - region.extent.first + 1;
        g_array_append_val(map->regions, region);
    }
    for (guint b = 0; b < map->n_bins; b++)
        map->bins[b].tracks =
            (guint32)((guint64)map->tracks * (b + 1) / map->n_bins) - (guint32)((guint64)map->tracks * b / map->n_bins);
    return map;
}

DasdMap *dasd_map_new(int fd, const DasdImageInfo *info, void (*progress)(guint32 tracks, gpointer opaque),
                      gpointer opaque)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);
    Scan scan = { .fd = fd, .map = make_map(fd, info), .track = track };

    track->slot = slot;
    for (guint32 i = next_allocated(&scan, 0); i < scan.map->tracks; i = next_allocated(&scan, i + 1)) {
        count_track(&scan, i);
        if (progress)
            progress(i + 1, opaque);
    }
    return scan.map;
}

void dasd_map_free(DasdMap *map)
{
    g_array_unref(map->regions);
    g_free(map);
}

char *dasd_map_name(const DasdExtent *extent)
{
    static const char *const names[] = {
        [DASD_EXTENT_LABEL] = "boot records and label",
        [DASD_EXTENT_VTOC] = "VTOC",
        [DASD_EXTENT_FREE] = "free",
    };

    return g_strdup(extent->kind == DASD_EXTENT_DATA_SET ? extent->name : names[extent->kind]);
}
