/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that position CKD programs: seeks, the file mask, sectors, searches. ECKD programs use dasd-cmd-locate.c.
 */
#include "dasd/dasd-cmd-seek.h"

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

#define SEEK_SIZE 6 /* two zeros, cylinder, head */

#define COMPARE_HIGH 0x40
#define COMPARE_EQUAL 0x20

void dasd_cmd_seek(DasdExec *exec)
{
    guint8 address[SEEK_SIZE];
    guint32 cylinder, head;

    if (dasd_data_get(&exec->data, address, sizeof(address)) < sizeof(address))
        return;
    cylinder = ccw_load_be16(address + 2);
    head = ccw_load_be16(address + 4);
    if (exec->ccw.cmd == DASD_CODE_SEEK_HEAD)
        cylinder = exec->chain.track_number / DASD_3390_HEADS;
    if (ccw_load_be16(address) || head >= DASD_3390_HEADS ||
        cylinder * DASD_3390_HEADS >= dasd_volume_tracks(exec->drive->volume)) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    dasd_move_to_track(exec, cylinder * DASD_3390_HEADS + head);
}

void dasd_cmd_set_file_mask(DasdExec *exec)
{
    guint8 mask;

    if (dasd_data_get(&exec->data, &mask, 1) < 1)
        return;
    if (mask & DASD_MASK_RESERVED) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    exec->chain.mask = mask;
    exec->chain.has_mask = TRUE;
}

/*
 * Sectors save time on a disk that turns. This device does not turn: READ SECTOR says 0 for all records, so every
 * sector is just before the index.
 */
void dasd_cmd_set_sector(DasdExec *exec)
{
    guint8 sector;

    if (dasd_data_get(&exec->data, &sector, 1) == 1 && sector >= DASD_3390_SECTORS && sector != 0xff)
        dasd_check(exec, DASD_CHECK_PARAMETER);
    else
        dasd_move_lose_orientation(exec);
}

void dasd_cmd_read_sector(DasdExec *exec)
{
    static const guint8 sector = 0;

    dasd_data_put(&exec->data, &sector, 1);
}

/*
 * Compares the field with the search argument from the channel. If the condition holds, the channel skips the next CCW
 * (status modifier). A write may follow a search for equality that compared all bytes.
 */
static void compare(DasdExec *exec, const guint8 *field, gsize length, guint found)
{
    guint8 argument[255];
    gsize given = dasd_data_get_upto(&exec->data, argument, length);
    int order = memcmp(field, argument, given);
    gboolean equal = given > 0 && order == 0 && (exec->ccw.cmd & COMPARE_EQUAL);

    if (equal || (given > 0 && order > 0 && (exec->ccw.cmd & COMPARE_HIGH)))
        exec->dstat |= CHANNEL_DSTAT_STATUS_MODIFIER;
    exec->chain.has_just_found = equal && given == length && !(exec->ccw.cmd & COMPARE_HIGH);
    exec->chain.found = exec->chain.has_just_found ? found : 0;
}

/*
 * The multi-track form compares the home address of the next track. Only consecutive searches for a home address count
 * how often they pass the index.
 */
void dasd_cmd_search_home(DasdExec *exec)
{
    gboolean loaded;

    if (exec->chain.previous != DASD_CODE_SEARCH_HOME_ADDRESS)
        exec->chain.index_passes = 0;
    if (dasd_exec_multi(exec))
        loaded = dasd_move_next_track(exec);
    else if (exec->chain.at != DASD_AT_INDEX && ++exec->chain.index_passes >= 2)
        loaded = dasd_check(exec, DASD_CHECK_NO_RECORD);
    else
        loaded = dasd_move_load(exec);
    if (!loaded)
        return;
    exec->chain.at = DASD_AT_HOME;
    compare(exec, exec->chain.track->slot + 1, DASD_HA_SIZE - 1, DASD_FOUND_HOME);
    /* The search has succeeded: later searches start counting index passes from 0. */
    if (exec->dstat & CHANNEL_DSTAT_STATUS_MODIFIER)
        exec->chain.index_passes = 0;
}

void dasd_cmd_search_id(DasdExec *exec)
{
    if (!dasd_move_next_count(exec, dasd_exec_multi(exec), TRUE))
        return;
    compare(exec, dasd_track_count(exec->chain.track, dasd_exec_record(exec)), DASD_COUNT_OFS_KL, DASD_FOUND_ID);
}

void dasd_cmd_search_key(DasdExec *exec)
{
    const DasdRecord *record;

    if (!dasd_move_to_record(exec, dasd_exec_multi(exec)))
        return;
    record = dasd_exec_record(exec);
    if (record->kl)
        compare(exec, dasd_track_key(exec->chain.track, record), record->kl, DASD_FOUND_KEY);
    exec->chain.at = DASD_AT_KEY;
}
