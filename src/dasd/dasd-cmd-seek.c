/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Positioning of CKD programs: seeks, the file mask, sectors, searches. ECKD programs use dasd-cmd-locate.c.
 */
#include <string.h>

#include "dasd/dasd-exec.h"
#include "util/endian.h"

#define SEEK_SIZE 6 /* two zeros, cylinder, head */
#define SEEK_CYLINDER 0x0b
#define SEEK_HEAD 0x1b

#define MASK_SEEK 0x18
#define MASK_SEEK_ALL 0x00
#define MASK_SEEK_CYLINDER_HEAD 0x08
#define MASK_SEEK_HEAD 0x10

#define COMPARE_HIGH 0x40
#define COMPARE_EQUAL 0x20

static gboolean seek_allowed(const DasdExec *exec)
{
    switch (exec->chain.mask & MASK_SEEK) {
    case MASK_SEEK_ALL:
        return TRUE;
    case MASK_SEEK_CYLINDER_HEAD:
        return exec->ccw.cmd == SEEK_CYLINDER || exec->ccw.cmd == SEEK_HEAD;
    case MASK_SEEK_HEAD:
        return exec->ccw.cmd == SEEK_HEAD;
    default:
        return FALSE;
    }
}

void dasd_cmd_seek(DasdExec *exec)
{
    guint8 address[SEEK_SIZE];
    guint32 cylinder, head;

    if (dasd_data_get(&exec->data, address, sizeof(address)) < sizeof(address))
        return;
    if (!seek_allowed(exec)) {
        dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
        return;
    }
    cylinder = ccw_load_be16(address + 2);
    head = ccw_load_be16(address + 4);
    if (exec->ccw.cmd == SEEK_HEAD)
        cylinder = exec->chain.track_number / DASD_3390_HEADS;
    if (ccw_load_be16(address) || head >= DASD_3390_HEADS ||
        cylinder * DASD_3390_HEADS >= dasd_volume_tracks(exec->device->volume)) {
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
    exec->chain.mask_set = TRUE;
}

/* Sectors save time on a disk that turns; here they are checked and change nothing. */
void dasd_cmd_set_sector(DasdExec *exec)
{
    guint8 sector;

    if (dasd_data_get(&exec->data, &sector, 1) == 1 && sector >= DASD_3390_SECTORS && sector != 0xff)
        dasd_check(exec, DASD_CHECK_PARAMETER);
}

void dasd_cmd_read_sector(DasdExec *exec)
{
    static const guint8 sector = 0;

    dasd_data_put(&exec->data, &sector, 1);
}

/*
 * Compares what the channel gives with the field; satisfied, the next CCW is skipped (status modifier). A search for
 * equality that compared all bytes is what a write may follow.
 */
static void compare(DasdExec *exec, const guint8 *field, gsize length, guint found)
{
    guint8 argument[255];
    gsize given = dasd_data_get_upto(&exec->data, argument, length);
    int order = memcmp(field, argument, given);
    gboolean equal = given > 0 && order == 0 && (exec->ccw.cmd & COMPARE_EQUAL);

    if (equal || (given > 0 && order > 0 && (exec->ccw.cmd & COMPARE_HIGH)))
        exec->dstat |= CCW_DSTAT_STATUS_MODIFIER;
    exec->chain.found_now = equal && given == length && !(exec->ccw.cmd & COMPARE_HIGH);
    exec->chain.found = exec->chain.found_now ? found : 0;
}

/* A multi-track search compares the next track's home address. */
void dasd_cmd_search_home(DasdExec *exec)
{
    gboolean loaded;

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
