/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One track in memory: a slot of the image and an index of its records. The parser trusts nothing in the slot. This
 * file does not know the image file or channel commands.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-ckd.h"

#define DASD_FILE_BLOCK 512 /* divides pages of the host and sectors of the disk, the units that are written alone */
#define DASD_TRACK_RECORDS_MAX 256 /* R0 included; a 3390 holds 87 at most */

typedef struct {
    guint32 offset; /* of the count in the slot */
    guint16 dl;
    guint8 kl;
    guint8 number; /* R */
} DasdRecord;

typedef struct {
    guint8 *slot;       /* DASD_3390_TRACK_SIZE bytes */
    guint32 number;     /* number of the track on the volume */
    guint32 n_records;  /* 0 if the track is invalid; R0 is index 0 */
    guint32 end;        /* offset of the end marker */
    gboolean unwritten; /* a hole in the image: home address, R0 and end marker exist in memory only */
    DasdRecord records[DASD_TRACK_RECORDS_MAX];
} DasdTrack;

/**
 * dasd_track_parse:
 *
 * Indexes the records of @track->slot. A slot that was never written (zeros at its start) becomes an empty track. The
 * first record is R0, whatever number its count has.
 *
 * Returns: FALSE if the slot is not a track: another home address, no R0, a record that ends beyond the slot, no end
 * marker
 */
gboolean dasd_track_parse(DasdTrack *track, guint32 number);

/* The offset of a track's slot in the image. */
static inline guint64 dasd_track_file_offset(guint32 number)
{
    return DASD_CKD_HEADER_SIZE + (guint64)number * DASD_3390_TRACK_SIZE;
}

/*
 * Returns how many of the eight bytes at this offset of the slot lie in the first of two blocks of the file; 0 if one
 * block has all of them.
 */
static inline guint dasd_track_split(guint32 number, guint32 offset)
{
    guint left = DASD_FILE_BLOCK - (guint)((dasd_track_file_offset(number) + offset) % DASD_FILE_BLOCK);

    return left < DASD_COUNT_SIZE ? left : 0;
}

/**
 * dasd_track_cut:
 *
 * Recognises an interrupted write: a count was replacing an end marker at this offset of the slot, or the reverse, and
 * the write ended between two blocks (see dasd-store.h). No record of a 3390 looks like this.
 *
 * Returns: TRUE if the track ends here for that reason
 */
gboolean dasd_track_cut(const guint8 *slot, guint32 number, guint32 offset);

/**
 * dasd_track_make_empty:
 *
 * Makes an empty track: home address, standard R0, end marker.
 */
void dasd_track_make_empty(DasdTrack *track, guint32 number);

/**
 * dasd_track_layout:
 *
 * Linux formats all tracks of a volume but the first two as uniform tracks: home address and R0 are standard, and R1 to
 * Rn follow, without keys and of one length.
 *
 * Returns: the layout of a uniform track in one number; 0 if the track is not uniform
 */
guint32 dasd_track_layout(const DasdTrack *track);

/**
 * dasd_track_make_uniform:
 * @layout: as dasd_track_layout() returns it, not 0
 *
 * Makes a uniform track, without the data of R1 to Rn.
 */
void dasd_track_make_uniform(DasdTrack *track, guint32 number, guint32 layout);

/**
 * dasd_track_append:
 *
 * Puts a record with this count after record @after, with zeros as key and data, and the end marker after it. Drops the
 * records that were there.
 *
 * Returns: FALSE if the record does not fit on a 3390 track; the track is then unchanged
 */
gboolean dasd_track_append(DasdTrack *track, guint32 after, const guint8 count[DASD_COUNT_SIZE]);

/**
 * dasd_track_truncate:
 *
 * Ends the track after record @last.
 */
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
