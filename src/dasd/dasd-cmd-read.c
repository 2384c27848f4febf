/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that read records and tracks.
 */
#include "dasd/dasd-cmd-read.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-move.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-track.h"

#define SPECIAL_HOME_SIZE 28
#define SPECIAL_HOME_OFS_FLAG 19 /* flag, cylinder, head */

/* A record without data marks the end of a file: the device reports unit exception. */
static void end_of_record(DasdExec *exec, const DasdRecord *record)
{
    if (record->dl == 0)
        exec->dstat |= CHANNEL_DSTAT_UNIT_EXCEPTION;
    exec->chain.at = DASD_AT_DATA;
}

/* Fetches the data of this record, together with the data of the records that the domain will read after it. */
static gboolean fetch(DasdExec *exec)
{
    guint32 ahead = exec->chain.domain.operation ? exec->chain.domain.count - 1 : 0;

    return dasd_move_fetch(exec, exec->chain.record, MIN(exec->chain.record + ahead, exec->chain.track->n_records - 1));
}

void dasd_cmd_read_data(DasdExec *exec)
{
    const DasdRecord *record;

    /* After a key, the command reads the data of the same record. */
    if (exec->chain.at != DASD_AT_KEY && !dasd_move_to_record(exec, dasd_exec_multi(exec)))
        return;
    if (!dasd_move_load(exec) || !fetch(exec))
        return;
    record = dasd_exec_record(exec);
    dasd_data_put(&exec->data, dasd_track_data(exec->chain.track, record), record->dl);
    end_of_record(exec, record);
}

void dasd_cmd_read_key_data(DasdExec *exec)
{
    const DasdRecord *record;

    if (!dasd_move_to_record(exec, dasd_exec_multi(exec)) || !fetch(exec))
        return;
    record = dasd_exec_record(exec);
    dasd_data_put(&exec->data, dasd_track_key(exec->chain.track, record), (gsize)record->kl + record->dl);
    end_of_record(exec, record);
}

void dasd_cmd_read_count(DasdExec *exec)
{
    if (!dasd_move_next_count(exec, dasd_exec_multi(exec), FALSE))
        return;
    dasd_data_put(&exec->data, dasd_track_count(exec->chain.track, dasd_exec_record(exec)), DASD_COUNT_SIZE);
}

void dasd_cmd_read_ckd(DasdExec *exec)
{
    const DasdRecord *record;

    if (!dasd_move_next_count(exec, dasd_exec_multi(exec), FALSE) || !fetch(exec))
        return;
    record = dasd_exec_record(exec);
    dasd_data_put(&exec->data, dasd_track_count(exec->chain.track, record), dasd_record_size(record));
    end_of_record(exec, record);
}

/* Reads all records from the next count to the end of this track, without R0. The track may have no such record. */
void dasd_cmd_read_multiple(DasdExec *exec)
{
    guint32 first, last;
    const DasdRecord *record;

    if (!dasd_move_load(exec))
        return;
    first = exec->chain.at >= DASD_AT_COUNT ? exec->chain.record + 1 : 1;
    last = exec->chain.track->n_records - 1;
    exec->chain.record = last;
    exec->chain.at = DASD_AT_DATA;
    if (first > last || !dasd_move_fetch(exec, first, last))
        return;
    record = &exec->chain.track->records[first];
    dasd_data_put(&exec->data, dasd_track_count(exec->chain.track, record), exec->chain.track->end - record->offset);
}

static gboolean move_to_index(DasdExec *exec)
{
    exec->chain.at = DASD_AT_INDEX;
    return dasd_move_load(exec);
}

/*
 * The multi-track form reads the home address of the next track. Exception: in a domain that was just oriented to the
 * index, it reads that of this track.
 */
void dasd_cmd_read_home(DasdExec *exec)
{
    gboolean next = dasd_exec_multi(exec) && !(exec->chain.domain.operation && exec->chain.at == DASD_AT_INDEX);

    if (next ? !dasd_move_next_track(exec) : !move_to_index(exec))
        return;
    dasd_data_put(&exec->data, exec->chain.track->slot, DASD_HA_SIZE);
    exec->chain.at = DASD_AT_HOME;
}

/*
 * Reads the home address as a 3390 has it on its surface: the places of defects to skip, then flag, cylinder and head.
 * An image has no defects. The command needs no authority within a domain, because the extent limits it there.
 */
void dasd_cmd_read_special_home(DasdExec *exec)
{
    guint8 home[SPECIAL_HOME_SIZE] = { 0 };

    if (!exec->chain.domain.operation && (exec->chain.mask & DASD_MASK_AUTHORITY) != DASD_MASK_AUTHORITY_DIAGNOSTIC) {
        dasd_check(exec, DASD_CHECK_AUTHORITY);
        return;
    }
    if (!move_to_index(exec))
        return;
    memcpy(home + SPECIAL_HOME_OFS_FLAG, exec->chain.track->slot, DASD_HA_SIZE);
    dasd_data_put(&exec->data, home, sizeof(home));
    exec->chain.at = DASD_AT_HOME;
}

/*
 * After a home address, the command reads R0 of this track. Otherwise the multi-track form reads R0 of the next track.
 */
void dasd_cmd_read_r0(DasdExec *exec)
{
    gboolean next = dasd_exec_multi(exec) && exec->chain.at != DASD_AT_HOME;
    const DasdRecord *record;

    if (next ? !dasd_move_next_track(exec) : !move_to_index(exec))
        return;
    exec->chain.record = 0;
    record = dasd_exec_record(exec);
    dasd_data_put(&exec->data, dasd_track_count(exec->chain.track, record), dasd_record_size(record));
    end_of_record(exec, record);
}

/*
 * READ IPL works like READ DATA of the first record of the volume, in the domain of a locate record for two records, in
 * an extent of the whole volume. The first 24 bytes are the IPL PSW and two CCWs. The first of these CCWs reads the
 * second record.
 */
void dasd_cmd_read_ipl(DasdExec *exec)
{
    const DasdRecord *record;

    if (!dasd_move_to_track(exec, 0) || !dasd_move_next_count(exec, FALSE, FALSE) || !fetch(exec))
        return;
    record = dasd_exec_record(exec);
    dasd_data_put(&exec->data, dasd_track_data(exec->chain.track, record), record->dl);
    end_of_record(exec, record);
    exec->chain.has_read_ipl = TRUE;
    exec->chain.domain = (DasdDomain){ .operation = DASD_OP_READ, .orientation = DASD_ORIENT_DATA, .count = 2 };
}

/*
 * The first command on whole tracks begins at the place that locate record set. Each later command works on the next
 * track.
 */
static gboolean move_to_domain_track(DasdExec *exec)
{
    return exec->chain.domain.is_fresh ? dasd_move_load(exec) : dasd_move_next_track(exec);
}

/*
 * Reads the records from the next count on, R0 included, and the end marker for programs that parse them. The first
 * READ TRACK of a domain begins after the record that locate record found. Each later one begins with R0 of the next
 * track.
 */
void dasd_cmd_read_track(DasdExec *exec)
{
    guint32 first = 0, from;

    if (exec->chain.domain.is_fresh && exec->chain.at >= DASD_AT_COUNT)
        first = exec->chain.record + 1;
    if (!move_to_domain_track(exec))
        return;
    from = exec->chain.track->end;
    if (first < exec->chain.track->n_records) {
        from = exec->chain.track->records[first].offset;
        if (!dasd_move_fetch(exec, first, exec->chain.track->n_records - 1))
            return;
    }
    dasd_data_put(&exec->data, exec->chain.track->slot + from, exec->chain.track->end + DASD_END_SIZE - from);
    exec->chain.record = exec->chain.track->n_records - 1;
    exec->chain.at = DASD_AT_DATA;
}

/* Returns the last record, from the current one on, that holds a part of the next limit bytes of data. */
static guint32 last_within(const DasdExec *exec, gsize limit)
{
    guint32 i = exec->chain.record;

    for (gsize done = exec->chain.track->records[i].dl; done < limit && i + 1 < exec->chain.track->n_records; i++)
        done += exec->chain.track->records[i + 1].dl;
    return i;
}

/*
 * Reads the data of the records from the current one to the end of the track. On the last track of the domain, the
 * command reads only as much as the length factor says.
 */
void dasd_cmd_read_track_data(DasdExec *exec)
{
    gsize limit = exec->chain.domain.count == 1 && exec->chain.domain.length ? exec->chain.domain.length : G_MAXSIZE;

    if (!move_to_domain_track(exec) || !dasd_move_to_record(exec, FALSE) ||
        !dasd_move_fetch(exec, exec->chain.record, last_within(exec, limit)))
        return;
    for (guint32 i = exec->chain.record; i < exec->chain.track->n_records && limit; i++) {
        const DasdRecord *record = &exec->chain.track->records[i];
        gsize length = MIN(record->dl, limit);

        exec->chain.record = i;
        if (dasd_data_put(&exec->data, dasd_track_data(exec->chain.track, record), length) < length)
            break;
        limit -= length;
    }
    exec->chain.at = DASD_AT_DATA;
}
