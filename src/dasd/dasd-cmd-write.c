/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that write. What the channel gives goes into the slot in memory, and into the image before the program's
 * status is given (dasd_volume_flush). The table and dasd-exec.c have checked the file mask and read-only.
 */
#include <string.h>

#include "dasd/dasd-exec.h"
#include "util/endian.h"

static void store(DasdExec *exec, guint32 from, guint32 to)
{
    dasd_volume_store(exec->device->volume, exec->chain.track, from, to);
}

/* Fills length bytes of the slot from the channel; what it does not give is zero, as a 3990 pads. */
static void fill(DasdExec *exec, guint32 offset, guint32 length)
{
    gsize given = dasd_data_get(&exec->data, exec->chain.track->slot + offset, length);

    memset(exec->chain.track->slot + offset + given, 0, length - given);
}

/* Ends the track behind the record here. */
static void erase_behind(DasdExec *exec)
{
    if (!dasd_move_fetch_track(exec))
        return;
    dasd_track_truncate(exec->chain.track, exec->chain.record);
    exec->chain.at = DASD_AT_DATA;
    store(exec, exec->chain.track->end, exec->chain.track->end + DASD_END_SIZE);
}

/* Outside a domain format writes follow one another behind one search. */
static void note_format(DasdExec *exec)
{
    if (!exec->chain.domain.operation)
        exec->chain.found = DASD_FOUND_FORMAT;
}

/* To the record whose key or data is to be written. */
static gboolean move_to_update(DasdExec *exec, gboolean with_key)
{
    gboolean multi = dasd_exec_multi(exec);

    /* Behind a key that was searched, the data is this record's. */
    if (exec->chain.at == DASD_AT_KEY && !with_key)
        return dasd_move_load(exec);
    /* A locate record may have searched R0; the update commands leave it as it is. */
    if (multi && exec->chain.at == DASD_AT_COUNT && exec->chain.record == 0)
        return dasd_move_next_count(exec, multi, FALSE);
    return dasd_move_to_record(exec, multi);
}

/* Whether the record is as long as the domain says; a write track operation writes R0 in its standard size. */
static gboolean length_fits(const DasdExec *exec, const DasdRecord *record, guint32 length)
{
    const DasdDomain *domain = &exec->chain.domain;

    if (domain->operation == DASD_OP_WRITE_TRACK && exec->chain.record == 0)
        return record->dl == DASD_R0_DL;
    return !domain->length || !record->dl || domain->length == length;
}

/* Writes key and data, or data alone, of the record here or of the next one. */
static void update(DasdExec *exec, gboolean with_key)
{
    const DasdRecord *record;
    guint32 from, length;

    if (!move_to_update(exec, with_key))
        return;
    record = dasd_exec_record(exec);
    from = record->offset + DASD_COUNT_SIZE + (with_key ? 0 : record->kl);
    length = record->dl + (with_key ? record->kl : 0);
    if (!length_fits(exec, record, length)) {
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        return;
    }
    if (record->dl == 0)
        exec->dstat |= CCW_DSTAT_UNIT_EXCEPTION;
    exec->chain.at = DASD_AT_DATA;
    if (length) {
        dasd_volume_replace(exec->chain.track, exec->chain.record, exec->chain.record);
        fill(exec, from, length);
        store(exec, from, from + length);
    }
}

void dasd_cmd_write_data(DasdExec *exec)
{
    update(exec, FALSE);
    if (exec->chain.domain.operation == DASD_OP_WRITE_TRACK && exec->chain.record == 0 &&
        !(exec->dstat & CCW_DSTAT_UNIT_CHECK))
        erase_behind(exec);
}

void dasd_cmd_write_key_data(DasdExec *exec)
{
    update(exec, TRUE);
}

/* Where a format write goes: behind the record here; its next-track kind, behind R0 of the next track. */
static gboolean move_to_format(DasdExec *exec)
{
    if (exec->ccw.cmd == 0x9d) {
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
 * The new record, and the end of the track behind it. A count alone is enough: the rest is padded, and so is a count
 * that is cut short. A count of ones would be the end of the track.
 */
void dasd_cmd_write_ckd(DasdExec *exec)
{
    static const guint8 end[DASD_COUNT_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    guint8 count[DASD_COUNT_SIZE] = { 0 };
    const DasdRecord *record;
    guint32 n_before;

    /* The records before the new one stay, and the others are dropped. */
    if (!move_to_format(exec) || !dasd_move_fetch(exec, 0, exec->chain.record))
        return;
    dasd_data_get(&exec->data, count, sizeof(count));
    if (exec->data.cstat)
        return;
    if (memcmp(count, end, sizeof(count)) == 0) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    n_before = exec->chain.track->n_records;
    if (!dasd_track_append(exec->chain.track, exec->chain.record, count)) {
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        return;
    }
    exec->chain.record++;
    dasd_volume_replace(exec->chain.track, exec->chain.record, n_before - 1);
    exec->chain.at = DASD_AT_DATA;
    record = dasd_exec_record(exec);
    /* Zeros are there. */
    dasd_data_get(&exec->data, exec->chain.track->slot + record->offset + DASD_COUNT_SIZE,
                  (gsize)record->kl + record->dl);
    store(exec, record->offset, exec->chain.track->end + DASD_END_SIZE);
    note_format(exec);
}

/* R0 anew; the track ends behind it. Only the standard size is taken: no driver formats another. */
void dasd_cmd_write_r0(DasdExec *exec)
{
    guint8 count[DASD_COUNT_SIZE];

    if (exec->chain.at > DASD_AT_HOME) {
        dasd_check(exec, DASD_CHECK_SEQUENCE);
        return;
    }
    if (!dasd_move_fetch_track(exec) || dasd_data_get(&exec->data, count, sizeof(count)) < sizeof(count))
        return;
    if (count[DASD_COUNT_OFS_KL] || count[DASD_COUNT_OFS_DL] || count[DASD_COUNT_OFS_DL + 1] != DASD_R0_DL) {
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
        return;
    }
    dasd_track_make_empty(exec->chain.track, exec->chain.track_number);
    memcpy(exec->chain.track->slot + DASD_HA_SIZE, count, sizeof(count));
    fill(exec, DASD_HA_SIZE + DASD_COUNT_SIZE, DASD_R0_DL);
    exec->chain.record = 0;
    exec->chain.at = DASD_AT_DATA;
    store(exec, 0, exec->chain.track->end + DASD_END_SIZE);
    note_format(exec);
}

/* What follows the record here is gone. The channel gives a record, which is not written. */
void dasd_cmd_erase(DasdExec *exec)
{
    guint8 count[DASD_COUNT_SIZE], ignored[256];
    gsize left, taken;

    if (!move_to_format(exec) || dasd_data_get(&exec->data, count, sizeof(count)) < sizeof(count))
        return;
    left = (gsize)count[DASD_COUNT_OFS_KL] + ccw_load_be16(count + DASD_COUNT_OFS_DL);
    do {
        taken = dasd_data_get_upto(&exec->data, ignored, MIN(left, sizeof(ignored)));
        left -= taken;
    } while (taken);
    erase_behind(exec);
}

/* Data of consecutive records of a track, each of the length factor's size, until the channel has no more. */
void dasd_cmd_write_track_data(DasdExec *exec)
{
    guint32 from, to;

    if (exec->chain.domain.fresh ? !dasd_move_load(exec) : !dasd_move_next_track(exec))
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
        dasd_volume_replace(exec->chain.track, i, i);
        fill(exec, record->offset + DASD_COUNT_SIZE + record->kl, record->dl);
        to = record->offset + dasd_record_size(record);
        exec->chain.record = i;
    }
    exec->chain.at = DASD_AT_DATA;
    if (to > from)
        store(exec, from, to);
}

/*
 * Write full track makes a track anew of what READ TRACK gives: R0, records, and eight bytes of 0xff at the end. FALSE
 * if the channel has no more before that.
 */
static gboolean get(DasdExec *exec, guint8 *to, gsize length)
{
    return dasd_data_get_upto(&exec->data, to, length) == length || dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
}

/* Only the standard size of R0 is taken: no driver writes another. */
static gboolean build_r0(DasdExec *exec, DasdTrack *track)
{
    guint8 *count = track->slot + DASD_HA_SIZE;

    if (!get(exec, count, DASD_COUNT_SIZE + DASD_R0_DL))
        return FALSE;
    return (count[DASD_COUNT_OFS_RECORD] == 0 && count[DASD_COUNT_OFS_KL] == 0 &&
            ccw_load_be16(count + DASD_COUNT_OFS_DL) == DASD_R0_DL) ||
           dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
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

/*
 * To write over all of it. A damaged track, too: in memory it is empty then, and the first write makes it so.
 */
static gboolean load_any(DasdExec *exec)
{
    DasdTrack *track = dasd_volume_find(exec->device->volume, exec->chain.track_number);

    exec->chain.track = track;
    if (!track)
        return dasd_check_host(exec);
    if (track->n_records == 0) {
        dasd_track_make_empty(track, exec->chain.track_number);
        track->unwritten = TRUE;
    }
    dasd_volume_replace(track, 0, track->n_records - 1);
    return TRUE;
}

/* The track is made beside the old one, which stays as it is unless all of the new one is good. */
void dasd_cmd_write_full_track(DasdExec *exec)
{
    g_autofree guint8 *slot = NULL;
    g_autofree DasdTrack *track = NULL;

    if (!exec->chain.domain.fresh && !dasd_move_to_track(exec, exec->chain.track_number + 1))
        return;
    slot = g_malloc(DASD_3390_TRACK_SIZE);
    track = g_new0(DasdTrack, 1);
    track->slot = slot;
    dasd_track_make_empty(track, exec->chain.track_number);
    if (!build_r0(exec, track) || !build_records(exec, track) || !load_any(exec))
        return;
    memcpy(exec->chain.track->slot + DASD_HA_SIZE, slot + DASD_HA_SIZE, track->end + DASD_END_SIZE - DASD_HA_SIZE);
    memcpy(exec->chain.track->records, track->records, sizeof(track->records));
    exec->chain.track->n_records = track->n_records;
    exec->chain.track->end = track->end;
    exec->chain.record = track->n_records - 1;
    exec->chain.at = DASD_AT_DATA;
    store(exec, DASD_HA_SIZE, exec->chain.track->end + DASD_END_SIZE);
}
