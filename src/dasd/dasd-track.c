/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds and adds records of a slot.
 */
#include "dasd/dasd-track.h"

#include <string.h>

#include "util/endian.h"

static const guint8 end_marker[DASD_END_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const guint8 nothing[DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_END_SIZE];

/* Stores CC and HH, as a home address and a count have them. */
static void store_address(guint8 *at, guint32 number)
{
    ccw_store_be16(at, (guint16)(number / DASD_3390_HEADS));
    ccw_store_be16(at + DASD_COUNT_OFS_HEAD, (guint16)(number % DASD_3390_HEADS));
}

static void end_at(DasdTrack *track, guint32 offset)
{
    track->end = offset;
    memcpy(track->slot + offset, end_marker, DASD_END_SIZE);
}

static DasdRecord *index_record(DasdTrack *track, guint32 offset)
{
    DasdRecord *record = &track->records[track->n_records++];
    const guint8 *count = track->slot + offset;

    record->offset = offset;
    record->number = count[DASD_COUNT_OFS_RECORD];
    record->kl = count[DASD_COUNT_OFS_KL];
    record->dl = ccw_load_be16(count + DASD_COUNT_OFS_DL);
    return record;
}

void dasd_track_make_empty(DasdTrack *track, guint32 number)
{
    guint8 *count = track->slot + DASD_HA_SIZE;

    memset(track->slot, 0, DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL);
    store_address(track->slot + 1, number);
    store_address(count, number);
    ccw_store_be16(count + DASD_COUNT_OFS_DL, DASD_R0_DL);
    track->number = number;
    track->n_records = 0;
    track->unwritten = FALSE;
    index_record(track, DASD_HA_SIZE);
    end_at(track, DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL);
}

gboolean dasd_track_cut(const guint8 *slot, guint32 number, guint32 offset)
{
    guint first = dasd_track_split(number, offset);

    /* In both cases the data length, or cylinder, head and record, exceed those of any 3390. */
    if (first == DASD_COUNT_SIZE - 1)
        return memcmp(slot + offset, end_marker, first) == 0;
    return first && memcmp(slot + offset + first, end_marker, DASD_COUNT_SIZE - first) == 0;
}

static gboolean index_all(DasdTrack *track)
{
    guint32 at = DASD_HA_SIZE;

    while (at <= DASD_3390_TRACK_SIZE - DASD_END_SIZE) {
        const DasdRecord *record;

        if (memcmp(track->slot + at, end_marker, DASD_END_SIZE) == 0 ||
            dasd_track_cut(track->slot, track->number, at)) {
            end_at(track, at);
            return track->n_records > 0;
        }
        if (track->n_records == DASD_TRACK_RECORDS_MAX)
            return FALSE;
        record = index_record(track, at);
        at += dasd_record_size(record);
    }
    return FALSE;
}

gboolean dasd_track_parse(DasdTrack *track, guint32 number)
{
    guint8 address[4];

    track->number = number;
    track->n_records = 0;
    track->unwritten = FALSE;
    /* No track has these bytes all zero: R0 has eight bytes of data, or the end marker follows its count. */
    if (memcmp(track->slot, nothing, sizeof(nothing)) == 0) {
        dasd_track_make_empty(track, number);
        track->unwritten = TRUE;
        return TRUE;
    }
    store_address(address, number);
    if (memcmp(track->slot + 1, address, sizeof(address)) == 0 && index_all(track))
        return TRUE;
    track->n_records = 0;
    return FALSE;
}

guint32 dasd_track_layout(const DasdTrack *track)
{
    guint16 dl = track->n_records > 1 ? track->records[1].dl : 0;
    guint8 expected[DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL] = { 0 };

    if (!dl || track->unwritten)
        return 0;
    store_address(expected + 1, track->number);
    store_address(expected + DASD_HA_SIZE, track->number);
    ccw_store_be16(expected + DASD_HA_SIZE + DASD_COUNT_OFS_DL, DASD_R0_DL);
    if (memcmp(track->slot, expected, sizeof(expected)) != 0)
        return 0;
    for (guint32 i = 1; i < track->n_records; i++) {
        const DasdRecord *record = &track->records[i];

        if (record->number != i || record->kl || record->dl != dl ||
            memcmp(dasd_track_count(track, record), expected + 1, DASD_COUNT_OFS_RECORD) != 0)
            return 0;
    }
    return (track->n_records - 1) << 16 | dl;
}

void dasd_track_make_uniform(DasdTrack *track, guint32 number, guint32 layout)
{
    guint8 count[DASD_COUNT_SIZE] = { 0 };
    guint16 dl = (guint16)layout;
    guint32 at;

    dasd_track_make_empty(track, number);
    at = track->end;
    store_address(count, number);
    ccw_store_be16(count + DASD_COUNT_OFS_DL, dl);
    for (guint32 i = 1; i <= layout >> 16; i++) {
        count[DASD_COUNT_OFS_RECORD] = (guint8)i;
        memcpy(track->slot + at, count, sizeof(count));
        track->records[i] = (DasdRecord){ .offset = at, .dl = dl, .number = (guint8)i };
        at += DASD_COUNT_SIZE + dl;
    }
    track->n_records = (layout >> 16) + 1;
    end_at(track, at);
}

/* Returns TRUE if a record of this size fits after record @after: on the track of a 3390, and in the slot. */
static gboolean fits(const DasdTrack *track, guint32 after, guint8 kl, guint16 dl)
{
    const DasdRecord *last = &track->records[after];
    guint32 bytes = last->offset + dasd_record_size(last) + DASD_COUNT_SIZE + kl + dl + DASD_END_SIZE;
    guint cells = dasd_3390_record_cells(kl, dl);

    for (guint32 i = 1; i <= after; i++)
        cells += dasd_3390_record_cells(track->records[i].kl, track->records[i].dl);
    /* DASD_3390_CELLS assumes a standard R0. */
    if (track->records[0].kl || track->records[0].dl > DASD_R0_DL)
        cells +=
            dasd_3390_record_cells(track->records[0].kl, track->records[0].dl) - dasd_3390_record_cells(0, DASD_R0_DL);
    return cells <= DASD_3390_CELLS && bytes <= DASD_3390_TRACK_SIZE && after + 2 <= DASD_TRACK_RECORDS_MAX;
}

gboolean dasd_track_append(DasdTrack *track, guint32 after, const guint8 count[DASD_COUNT_SIZE])
{
    guint8 kl = count[DASD_COUNT_OFS_KL];
    guint16 dl = ccw_load_be16(count + DASD_COUNT_OFS_DL);
    guint32 at;
    DasdRecord *record;

    if (!fits(track, after, kl, dl))
        return FALSE;
    at = track->records[after].offset + dasd_record_size(&track->records[after]);
    memcpy(track->slot + at, count, DASD_COUNT_SIZE);
    memset(track->slot + at + DASD_COUNT_SIZE, 0, (gsize)kl + dl);
    track->n_records = after + 1;
    record = index_record(track, at);
    end_at(track, at + dasd_record_size(record));
    return TRUE;
}

void dasd_track_truncate(DasdTrack *track, guint32 last)
{
    track->n_records = last + 1;
    end_at(track, track->records[last].offset + dasd_record_size(&track->records[last]));
}
