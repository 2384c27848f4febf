/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves over a volume, which the commands share: tracks within the extent, count fields on a track.
 */
#include "dasd/dasd-move.h"

#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-track.h"
#include "dasd/dasd-volume.h"

#define MASK_SEEK 0x18
#define MASK_SEEK_NONE 0x18 /* allows neither seeks nor the next track of a multi-track command */

static void set_index(DasdExec *exec, guint32 number)
{
    exec->chain.is_placed = TRUE;
    exec->chain.track_number = number;
    exec->chain.track = NULL;
    exec->chain.at = DASD_AT_INDEX;
    exec->chain.record = 0;
    exec->chain.index_passes = 0;
}

static gboolean in_extent(const DasdExec *exec, guint32 number)
{
    return number >= exec->chain.first_track && number <= exec->chain.last_track;
}

gboolean dasd_move_to_track(DasdExec *exec, guint32 number)
{
    if (!in_extent(exec, number))
        return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
    set_index(exec, number);
    return TRUE;
}

gboolean dasd_move_load(DasdExec *exec)
{
    /* The track may be outside the extent if a seek came before the extent. */
    if (!in_extent(exec, exec->chain.track_number))
        return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
    if (!exec->chain.track)
        exec->chain.track = dasd_volume_find(exec->drive->volume, exec->chain.track_number);
    if (!exec->chain.track)
        return dasd_check_host(exec);
    return exec->chain.track->n_records > 0 || dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
}

gboolean dasd_move_repair(DasdExec *exec)
{
    DasdTrack *track = dasd_volume_find(exec->drive->volume, exec->chain.track_number);

    exec->chain.track = track;
    if (!track)
        return dasd_check_host(exec);
    if (track->n_records == 0)
        dasd_volume_repair(exec->drive->volume, track);
    return TRUE;
}

void dasd_move_lose_orientation(DasdExec *exec)
{
    exec->chain.at = DASD_AT_INDEX;
    exec->chain.record = 0;
}

gboolean dasd_move_fetch(DasdExec *exec, guint32 first, guint32 last)
{
    return dasd_volume_fetch(exec->drive->volume, exec->chain.track, first, last) || dasd_check_host(exec);
}

gboolean dasd_move_fetch_track(DasdExec *exec)
{
    return dasd_move_load(exec) && dasd_move_fetch(exec, 0, exec->chain.track->n_records - 1);
}

gboolean dasd_move_next_track(DasdExec *exec)
{
    guint32 next = exec->chain.track_number + 1;

    if (!exec->chain.domain.operation) {
        if ((exec->chain.mask & MASK_SEEK) == MASK_SEEK_NONE)
            return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
        if (next % DASD_3390_HEADS == 0)
            return dasd_check(exec, DASD_CHECK_END_OF_CYLINDER);
    }
    return dasd_move_to_track(exec, next) && dasd_move_load(exec);
}

/*
 * At the index, moves to the next track, or once more to the start of this track. A command that passes the index of
 * one track twice finds no record.
 */
static gboolean pass_index(DasdExec *exec, gboolean multi)
{
    if (multi)
        return dasd_move_next_track(exec);
    exec->chain.at = DASD_AT_INDEX;
    return ++exec->chain.index_passes < 2 || dasd_check(exec, DASD_CHECK_NO_RECORD);
}

gboolean dasd_move_next_count(DasdExec *exec, gboolean multi, gboolean with_r0)
{
    gboolean next_track = FALSE;
    guint32 next;

    if (!dasd_move_load(exec))
        return FALSE;
    next = exec->chain.at >= DASD_AT_COUNT ? exec->chain.record + 1 : 0;
    for (;;) {
        if (next == 0 && !with_r0)
            next = 1;
        if (next < exec->chain.track->n_records)
            break;
        /* In a domain the next track must have a record. Elsewhere the command passes empty tracks. */
        if (next_track && exec->chain.domain.operation)
            return dasd_check(exec, DASD_CHECK_NO_RECORD);
        if (!pass_index(exec, multi))
            return FALSE;
        next_track = multi;
        next = 0;
    }
    exec->chain.record = next;
    exec->chain.at = DASD_AT_COUNT;
    return TRUE;
}

gboolean dasd_move_to_record(DasdExec *exec, gboolean multi)
{
    if (exec->chain.at == DASD_AT_COUNT)
        return dasd_move_load(exec);
    return dasd_move_next_count(exec, multi, FALSE);
}
