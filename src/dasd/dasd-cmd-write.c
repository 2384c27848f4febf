/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that write. They put the data of the channel into the slot in memory. dasd_volume_flush() writes it to the
 * image before the device gives the status of the program. dasd-sequence.c has checked the file mask and read-only.
 */
#include "dasd/dasd-cmd-write.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-codes.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-move.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-track.h"
#include "dasd/dasd-volume.h"
#include "util/endian.h"

static void store(DasdExec *exec, guint32 from, guint32 to)
{
    dasd_volume_store(exec->drive->volume, exec->chain.track, from, to);
}

/*
 * Returns FALSE if the channel cannot give the next length bytes: a program check. It then takes the bytes before the
 * invalid ones, and ignores them. Without the data of a record, a 3990 does not write the record (SA22-1025, page
 * 4-83).
 */
static gboolean has_valid_data(DasdExec *exec, gsize length)
{
    if (!dasd_data_check(&exec->data, length))
        return TRUE;
    dasd_data_drop(&exec->data, length);
    return FALSE;
}

/*
 * Fills length bytes of the slot from the channel, after has_valid_data(). If the channel gives fewer bytes, zeros
 * follow, as a 3990 pads.
 */
static void fill_slot(DasdExec *exec, guint32 offset, guint32 length)
{
    gsize given = dasd_data_get(&exec->data, exec->chain.track->slot + offset, length);

    memset(exec->chain.track->slot + offset + given, 0, length - given);
}

/* Ends the track after the current record. */
static void erase_behind(DasdExec *exec)
{
    if (!dasd_move_fetch_track(exec))
        return;
    dasd_track_truncate(exec->chain.track, exec->chain.record);
    exec->chain.at = DASD_AT_DATA;
    store(exec, exec->chain.track->end, exec->chain.track->end + DASD_END_SIZE);
}

/* Outside a domain, several format writes may follow one search. */
static void note_format(DasdExec *exec)
{
    if (!exec->chain.domain.operation)
        exec->chain.found = DASD_FOUND_FORMAT;
}

/* Moves to the record whose key or data the command writes. */
static gboolean move_to_update(DasdExec *exec, gboolean with_key)
{
    gboolean multi = dasd_exec_multi(exec);

    /* After a search for a key, the command writes the data of the same record. */
    if (exec->chain.at == DASD_AT_KEY && !with_key)
        return dasd_move_load(exec);
    /* A locate record may have found R0. The WRITE UPDATE commands skip R0. */
    if (multi && exec->chain.at == DASD_AT_COUNT && exec->chain.record == 0)
        return dasd_move_next_count(exec, multi, FALSE);
    return dasd_move_to_record(exec, multi);
}

/*
 * Returns TRUE if the key and data, or the data alone, are as long as the domain says. A write track operation writes
 * R0 in its standard size.
 */
static gboolean length_fits(const DasdExec *exec, guint32 length)
{
    const DasdDomain *domain = &exec->chain.domain;

    if (!domain->operation)
        return TRUE;
    if (domain->operation == DASD_OP_WRITE_TRACK && exec->chain.record == 0)
        return length == DASD_R0_DL;
    return length == domain->length;
}

/* Writes key and data, or data alone, of the current record or of the next one. */
static void update(DasdExec *exec, gboolean with_key)
{
    const DasdRecord *record;
    guint32 from, length;
    gboolean fits;

    if (!move_to_update(exec, with_key))
        return;
    record = dasd_exec_record(exec);
    from = record->offset + DASD_COUNT_SIZE + (with_key ? 0 : record->kl);
    length = record->dl + (with_key ? record->kl : 0);
    fits = length_fits(exec, length);
    if (!fits && (record->dl || !exec->chain.has_ckd_conversion)) {
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        return;
    }
    if (record->dl == 0)
        exec->dstat |= CHANNEL_DSTAT_UNIT_EXCEPTION;
    exec->chain.at = DASD_AT_DATA;
    if (!fits || !length || !has_valid_data(exec, length))
        return;
    dasd_volume_replace(exec->chain.track, exec->chain.record, exec->chain.record);
    fill_slot(exec, from, length);
    store(exec, from, from + length);
}

void dasd_cmd_write_data(DasdExec *exec)
{
    update(exec, FALSE);
    if (exec->chain.domain.operation == DASD_OP_WRITE_TRACK && exec->chain.record == 0 &&
        !(exec->dstat & CHANNEL_DSTAT_UNIT_CHECK) && !exec->data.cstat)
        erase_behind(exec);
}

void dasd_cmd_write_key_data(DasdExec *exec)
{
    update(exec, TRUE);
}

/*
 * Moves to the place of a format write: after the current record. The next-track form writes after R0 of the next
 * track.
 */
static gboolean move_to_format(DasdExec *exec)
{
    if (exec->ccw.cmd == DASD_CODE_WRITE_CKD_NEXT_TRACK) {
        if (!dasd_move_next_track(exec))
            return FALSE;
        exec->chain.record = 0;
        exec->chain.at = DASD_AT_DATA;
    }
    if (exec->chain.at < DASD_AT_COUNT)
        return dasd_check(exec, DASD_CHECK_SEQUENCE);
    return dasd_move_load(exec);
}

/*
 * Writes the new record, and the end of the track after it. A count alone is enough: the command pads the rest with
 * zeros. It also pads a count that is cut short. It rejects a count of ones, which would be an end marker.
 */
void dasd_cmd_write_ckd(DasdExec *exec)
{
    static const guint8 end[DASD_COUNT_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    guint8 count[DASD_COUNT_SIZE] = { 0 };
    const DasdRecord *record;
    guint32 n_before;

    /* The records before the new one stay. The command drops the others. */
    if (!move_to_format(exec) || !dasd_move_fetch(exec, 0, exec->chain.record))
        return;
    dasd_data_get(&exec->data, count, sizeof(count));
    if (exec->data.cstat)
        return;
    if (memcmp(count, end, sizeof(count)) == 0) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    if (!has_valid_data(exec, (gsize)count[DASD_COUNT_OFS_KL] + ccw_load_be16(count + DASD_COUNT_OFS_DL)))
        return;
    n_before = exec->chain.track->n_records;
    if (!dasd_track_append(exec->chain.track, exec->chain.record, count)) {
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        return;
    }
    exec->chain.record++;
    dasd_volume_replace(exec->chain.track, exec->chain.record, n_before - 1);
    exec->chain.at = DASD_AT_DATA;
    record = dasd_exec_record(exec);
    /* dasd_track_append() has set key and data to zero. */
    dasd_data_get(&exec->data, exec->chain.track->slot + record->offset + DASD_COUNT_SIZE,
                  (gsize)record->kl + record->dl);
    store(exec, record->offset, exec->chain.track->end + DASD_END_SIZE);
    note_format(exec);
}

/* A 3990 writes only the standard R0: the address of its track, record 0, no key, eight bytes of data. */
static gboolean is_standard_r0(const guint8 *count, guint32 track)
{
    return ccw_load_be16(count) == track / DASD_3390_HEADS &&
           ccw_load_be16(count + DASD_COUNT_OFS_HEAD) == track % DASD_3390_HEADS && count[DASD_COUNT_OFS_RECORD] == 0 &&
           count[DASD_COUNT_OFS_KL] == 0 && ccw_load_be16(count + DASD_COUNT_OFS_DL) == DASD_R0_DL;
}

/* Writes R0 anew, and ends the track after it. */
void dasd_cmd_write_r0(DasdExec *exec)
{
    guint8 count[DASD_COUNT_SIZE];

    if (exec->chain.at > DASD_AT_HOME) {
        dasd_check(exec, DASD_CHECK_SEQUENCE);
        return;
    }
    if (!dasd_move_fetch_track(exec) || dasd_data_get(&exec->data, count, sizeof(count)) < sizeof(count))
        return;
    if (!is_standard_r0(count, exec->chain.track_number)) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    if (!has_valid_data(exec, DASD_R0_DL))
        return;
    dasd_track_make_empty(exec->chain.track, exec->chain.track_number);
    fill_slot(exec, DASD_HA_SIZE + DASD_COUNT_SIZE, DASD_R0_DL);
    exec->chain.record = 0;
    exec->chain.at = DASD_AT_DATA;
    store(exec, 0, exec->chain.track->end + DASD_END_SIZE);
    note_format(exec);
}

/*
 * Removes all records after the current one. The channel gives a record, which the command does not write. The command
 * pads a count that is cut short with zeros.
 */
void dasd_cmd_erase(DasdExec *exec)
{
    guint8 count[DASD_COUNT_SIZE] = { 0 };

    if (!move_to_format(exec))
        return;
    dasd_data_get(&exec->data, count, sizeof(count));
    dasd_data_drop(&exec->data, (gsize)count[DASD_COUNT_OFS_KL] + ccw_load_be16(count + DASD_COUNT_OFS_DL));
    if (!exec->data.cstat)
        erase_behind(exec);
}

/*
 * Writes the data of consecutive records of a track until the channel has no more. Each record must have the size of
 * the length factor.
 */
void dasd_cmd_write_track_data(DasdExec *exec)
{
    guint32 from, to;

    if (exec->chain.domain.is_fresh ? !dasd_move_load(exec) : !dasd_move_next_track(exec))
        return;
    if (!dasd_move_to_record(exec, FALSE))
        return;
    from = to = dasd_exec_record(exec)->offset;
    for (guint32 i = exec->chain.record;; i++) {
        const DasdRecord *record = &exec->chain.track->records[i];

        dasd_data_end(&exec->data);
        if (!exec->data.left || exec->data.cstat)
            break;
        if (i >= exec->chain.track->n_records || record->dl != exec->chain.domain.length) {
            dasd_check(exec, i >= exec->chain.track->n_records ? DASD_CHECK_NO_RECORD : DASD_CHECK_TRACK_FORMAT);
            break;
        }
        if (!has_valid_data(exec, record->dl))
            break;
        dasd_volume_replace(exec->chain.track, i, i);
        fill_slot(exec, record->offset + DASD_COUNT_SIZE + record->kl, record->dl);
        to = record->offset + dasd_record_size(record);
        exec->chain.record = i;
    }
    exec->chain.at = DASD_AT_DATA;
    if (to > from)
        store(exec, from, to);
}

/*
 * Reads the next bytes of a new track. WRITE FULL TRACK takes the data that READ TRACK gives: R0, records, and eight
 * bytes of 0xff at the end. Returns FALSE if the channel has fewer bytes.
 */
static gboolean get(DasdExec *exec, guint8 *to, gsize length)
{
    return dasd_data_get_upto(&exec->data, to, length) == length || dasd_check(exec, DASD_CHECK_COUNT);
}

static gboolean build_r0(DasdExec *exec, DasdTrack *track)
{
    guint8 *count = track->slot + DASD_HA_SIZE;

    return get(exec, count, DASD_COUNT_SIZE + DASD_R0_DL) &&
           (is_standard_r0(count, track->number) || dasd_check(exec, DASD_CHECK_PARAMETER));
}

static gboolean build_records(DasdExec *exec, DasdTrack *track)
{
    for (;;) {
        guint8 count[DASD_COUNT_SIZE];
        const DasdRecord *record;

        if (!get(exec, count, sizeof(count)))
            return FALSE;
        if (memcmp(count, track->slot + track->end, DASD_END_SIZE) == 0)
            return TRUE;
        if (!dasd_track_append(track, track->n_records - 1, count))
            return dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        record = &track->records[track->n_records - 1];
        if (!get(exec, dasd_track_key(track, record), (gsize)record->kl + record->dl))
            return FALSE;
    }
}

/* Moves to the next track of the map in the locate record. The locate record has checked that the track exists. */
static gboolean move_to_next_of_set(DasdExec *exec)
{
    guint16 *tracks = &exec->chain.domain.tracks;
    guint32 number = exec->chain.track_number;

    do {
        *tracks = (guint16)(*tracks << 1);
        number++;
    } while (*tracks && !(*tracks & DASD_TRACKS_CURRENT));
    return dasd_move_to_track(exec, number);
}

/* Builds the new track beside the old one. The old track stays as it is unless the whole new track is valid. */
void dasd_cmd_write_full_track(DasdExec *exec)
{
    g_autofree guint8 *slot = NULL;
    g_autofree DasdTrack *track = NULL;

    if (!exec->chain.domain.is_fresh && !move_to_next_of_set(exec))
        return;
    slot = g_malloc(DASD_3390_TRACK_SIZE);
    track = g_new0(DasdTrack, 1);
    track->slot = slot;
    dasd_track_make_empty(track, exec->chain.track_number);
    if (!build_r0(exec, track) || !build_records(exec, track) || !dasd_move_repair(exec))
        return;
    dasd_volume_replace(exec->chain.track, 0, exec->chain.track->n_records - 1);
    memcpy(exec->chain.track->slot + DASD_HA_SIZE, slot + DASD_HA_SIZE, track->end + DASD_END_SIZE - DASD_HA_SIZE);
    memcpy(exec->chain.track->records, track->records, sizeof(track->records));
    exec->chain.track->n_records = track->n_records;
    exec->chain.track->end = track->end;
    exec->chain.record = track->n_records - 1;
    exec->chain.at = DASD_AT_DATA;
    store(exec, DASD_HA_SIZE, exec->chain.track->end + DASD_END_SIZE);
}
