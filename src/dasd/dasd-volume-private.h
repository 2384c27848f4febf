/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cache of tracks. dasd-volume.c reads the tracks, and dasd-volume-changes.c writes them. */
#pragma once

#include "dasd/dasd-file.h"
#include "dasd/dasd-snapshot.h"
#include "dasd/dasd-store.h"
#include "dasd/dasd-volume.h"

#define DASD_NO_TRACK G_MAXUINT32
#define DASD_LAYOUT_HOLE G_MAXUINT32 /* a hole; no track has so many records */

typedef struct {
    DasdTrack track; /* first member: a pointer to the track is a pointer to the entry */
    DasdChange change;
    guint64 used;
    gboolean is_repaired; /* damaged in the image; dasd_volume_repair() made the track empty here */
    guint missing;        /* number of records whose data is only in the image */
    guint8 is_missing[DASD_TRACK_RECORDS_MAX];
} DasdVolumeEntry;

struct _DasdVolume {
    DasdFile file;          /* gets all writes: the image, or the snapshot */
    DasdSnapshot *snapshot; /* NULL without a snapshot */
    guint32 tracks;
    gboolean changed; /* at least one entry has changed */
    gboolean foreign; /* another program has written to the file since the last flush */
    int error;        /* errno of the last failure */
    guint32 failed;   /* the track that the host could not write then; DASD_NO_TRACK if unknown */
    guint64 clock;
    guint32 *layouts;      /* layout of every track, by dasd_track_layout(), or DASD_LAYOUT_HOLE; 0: unknown */
    gboolean has_repaired; /* at least one entry is repaired */
    gboolean lost;         /* the device could not read data that it has to write together with a change */
    DasdVolumeEntry *entries[DASD_VOLUME_CACHE];
};

/**
 * dasd_volume_check_file:
 *
 * Checks the image file. After a write of another program, the volume forgets the tracks that it has read, and reads
 * them anew. The file reports such a write once. The volume remembers it until the changed tracks are written.
 *
 * Returns: the bytes of the image file that still exist
 */
guint64 dasd_volume_check_file(DasdVolume *volume);

/**
 * dasd_volume_read_slot:
 * @from: first byte, in the slot of the track
 * @to: the byte after the last one
 *
 * Reads a part of the track's slot.
 *
 * Returns: FALSE if the host cannot read; @volume->error says why
 */
gboolean dasd_volume_read_slot(DasdVolume *volume, guint8 *slot, guint32 number, guint32 from, guint32 to);

/**
 * dasd_volume_clear_change:
 *
 * Marks the entry as unchanged since it was read or written.
 */
void dasd_volume_clear_change(DasdVolumeEntry *entry);
