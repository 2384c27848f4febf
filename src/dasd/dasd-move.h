/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves over a volume, which the commands share. Each move returns FALSE after dasd_check(), if the program may not go
 * there or the place does not exist.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-exec.h"

/**
 * dasd_move_to_track:
 *
 * Moves to the index of a track of the extent.
 */
gboolean dasd_move_to_track(DasdExec *exec, guint32 number);

/**
 * dasd_move_load:
 *
 * Makes @exec->chain.track the current track, without the data of its records. A damaged track is a check.
 *
 * A command must fetch the data of a record before it looks at it. Before it formats the track, it must fetch the data
 * of the records that stay.
 */
gboolean dasd_move_load(DasdExec *exec);

/**
 * dasd_move_fetch:
 * @first, @last: indices of records, both inclusive
 *
 * Fetches the data of these records of the current track.
 */
gboolean dasd_move_fetch(DasdExec *exec, guint32 first, guint32 last);

/**
 * dasd_move_fetch_track:
 *
 * Loads the current track with the data of all its records.
 */
gboolean dasd_move_fetch_track(DasdExec *exec);

/**
 * dasd_move_repair:
 *
 * Like dasd_move_load(), for a command that writes the whole track, or that a format write must follow. A damaged track
 * is empty for this program (see dasd_volume_repair()).
 */
gboolean dasd_move_repair(DasdExec *exec);

/**
 * dasd_move_lose_orientation:
 *
 * The next command begins before the index of the track, wherever the last one ended.
 */
void dasd_move_lose_orientation(DasdExec *exec);

/**
 * dasd_move_next_track:
 *
 * Moves to the next track as a multi-track command does: through the extent in a domain, else to the end of the
 * cylinder.
 */
gboolean dasd_move_next_track(DasdExec *exec);

/**
 * dasd_move_next_count:
 * @multi: TRUE: at the index, the command continues on the next track
 * @with_r0: TRUE: R0 counts, too
 *
 * Moves to the next count field.
 */
gboolean dasd_move_next_count(DasdExec *exec, gboolean multi, gboolean with_r0);

/**
 * dasd_move_to_record:
 * @multi: as for dasd_move_next_count()
 *
 * Moves to a count field unless the program has just passed one. A command that reads or writes a key or data begins
 * with this move.
 */
gboolean dasd_move_to_record(DasdExec *exec, gboolean multi);
