/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The moves over a volume that commands share: tracks within the extent, count fields on a track.
 */
#include "dasd/dasd-exec.h"

#define MASK_SEEK 0x18
#define MASK_SEEK_NONE 0x18 /* neither seeks nor the next track of a multi-track command */

static void set_index(DasdExec *exec, guint32 number)
{
    exec->device->track_number = number;
    exec->track = NULL;
    exec->at = DASD_AT_INDEX;
    exec->record = 0;
    exec->index_passes = 0;
}

gboolean dasd_move_to_track(DasdExec *exec, guint32 number)
{
    if (number < exec->first_track || number > exec->last_track)
        return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
    set_index(exec, number);
    return TRUE;
}

gboolean dasd_move_load(DasdExec *exec)
{
    if (!exec->track)
        exec->track = dasd_volume_find(exec->device->volume, exec->device->track_number);
    if (!exec->track)
        return dasd_check_host(exec);
    return exec->track->n_records > 0 || dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
}

gboolean dasd_move_fetch(DasdExec *exec, guint32 first, guint32 last)
{
    return dasd_volume_fetch(exec->device->volume, exec->track, first, last) || dasd_check_host(exec);
}

gboolean dasd_move_fetch_track(DasdExec *exec)
{
    return dasd_move_load(exec) && dasd_move_fetch(exec, 0, exec->track->n_records - 1);
}

gboolean dasd_move_next_track(DasdExec *exec)
{
    guint32 next = exec->device->track_number + 1;

    if (!exec->domain.operation) {
        if ((exec->mask & MASK_SEEK) == MASK_SEEK_NONE)
            return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
        if (next % DASD_3390_HEADS == 0)
            return dasd_check(exec, DASD_CHECK_END_OF_CYLINDER);
    }
    return dasd_move_to_track(exec, next) && dasd_move_load(exec);
}

/* At the index: on to the next track, or once more around this one. Twice around without a record is an end. */
static gboolean pass_index(DasdExec *exec, gboolean multi)
{
    if (multi)
        return dasd_move_next_track(exec);
    exec->at = DASD_AT_INDEX;
    return ++exec->index_passes < 2 || dasd_check(exec, DASD_CHECK_NO_RECORD);
}

gboolean dasd_move_next_count(DasdExec *exec, gboolean multi, gboolean with_r0)
{
    guint32 next;

    if (!dasd_move_load(exec))
        return FALSE;
    next = exec->at >= DASD_AT_COUNT ? exec->record + 1 : 0;
    for (;;) {
        if (next == 0 && !with_r0)
            next = 1;
        if (next < exec->track->n_records)
            break;
        /* A multi-track command on an empty track ends there: a driver sees that it is not formatted. */
        if (multi && exec->at == DASD_AT_INDEX)
            return dasd_check(exec, DASD_CHECK_NO_RECORD);
        if (!pass_index(exec, multi))
            return FALSE;
        next = 0;
    }
    exec->record = next;
    exec->at = DASD_AT_COUNT;
    return TRUE;
}

gboolean dasd_move_to_record(DasdExec *exec, gboolean multi)
{
    if (exec->at == DASD_AT_COUNT)
        return dasd_move_load(exec);
    return dasd_move_next_count(exec, multi, FALSE);
}
