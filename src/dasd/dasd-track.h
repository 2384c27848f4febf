/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One track in memory: a slot of the image and an index of its records. Parsing trusts nothing of the slot. No file
 * is known here, and no channel command.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-ckd.h"

#define DASD_FILE_BLOCK 512 /* a page of a host and a sector of a disk, which may be written alone, are multiples */
#define DASD_TRACK_RECORDS_MAX 256 /* R0 included; a 3390 holds 87 at most */

typedef struct {
    guint32 offset; /* of the count, in the slot */
    guint16 dl;
    guint8 kl;
    guint8 number; /* R */
} DasdRecord;

typedef struct {
    guint8 *slot;       /* DASD_3390_TRACK_SIZE bytes */
    guint32 number;     /* of the track on the volume */
    guint32 n_records;  /* 0 if the track is invalid; R0 is index 0 */
    guint32 end;        /* offset of the end marker */
    gboolean unwritten; /* a hole in the image: home address, R0 and end marker exist in memory only */
    DasdRecord records[DASD_TRACK_RECORDS_MAX];
} DasdTrack;

/*
 * Indexes the records of track->slot. A slot that was never written (all zeros at its start) becomes an empty track.
 * The first record is R0, whatever number its count has. FALSE if the slot is no track: another home address, no R0, a
 * record that ends beyond the slot, no end marker.
 */
gboolean dasd_track_parse(DasdTrack *track, guint32 number);

/* Where the slot of a track begins in the image. */
static inline guint64 dasd_track_file_offset(guint32 number)
{
    return DASD_CKD_HEADER_SIZE + (guint64)number * DASD_3390_TRACK_SIZE;
}

/*
 * How many of the eight bytes at this offset of the slot lie in the first of two blocks of the file; 0 if all are in
 * one.
 */
static inline guint dasd_track_split(guint32 number, guint32 offset)
{
    guint left = DASD_FILE_BLOCK - (guint)((dasd_track_file_offset(number) + offset) % DASD_FILE_BLOCK);

    return left < DASD_COUNT_SIZE ? left : 0;
}

/*
 * TRUE if a count or an end marker at this offset of the slot was being replaced by the other when the write was ended
 * between two blocks (see dasd-store.h). The track ends there. No record of a 3390 looks like this.
 */
gboolean dasd_track_cut(const guint8 *slot, guint32 number, guint32 offset);

/* What an empty track has: home address, standard R0, end marker. */
void dasd_track_make_empty(DasdTrack *track, guint32 number);

/*
 * A uniform track, as Linux formats all but the first two of a volume: home address and R0 are standard, R1 to Rn
 * follow without keys, of one length. Its layout is in one number; 0: the track is not of that kind.
 */
guint32 dasd_track_layout(const DasdTrack *track);

/* Makes everything but the data of R1 to Rn. */
void dasd_track_make_uniform(DasdTrack *track, guint32 number, guint32 layout);

/*
 * Puts a record with this count behind record after, key and data zero, and the end marker behind it; what was there
 * is gone. FALSE if it does not fit on a 3390 track; nothing has changed then.
 */
gboolean dasd_track_append(DasdTrack *track, guint32 after, const guint8 count[DASD_COUNT_SIZE]);

/* Ends the track behind record last. */
void dasd_track_truncate(DasdTrack *track, guint32 last);

static inline guint8 *dasd_track_count(const DasdTrack *track, const DasdRecord *record)
{
    return track->slot + record->offset;
}

static inline guint8 *dasd_track_key(const DasdTrack *track, const DasdRecord *record)
{
    return track->slot + record->offset + DASD_COUNT_SIZE;
}

static inline guint8 *dasd_track_data(const DasdTrack *track, const DasdRecord *record)
{
    return track->slot + record->offset + DASD_COUNT_SIZE + record->kl;
}

/* Bytes of count, key and data together. */
static inline guint32 dasd_record_size(const DasdRecord *record)
{
    return DASD_COUNT_SIZE + (guint32)record->kl + record->dl;
}
