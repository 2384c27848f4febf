/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands about the path and the identity of the device. They do not touch a track.
 */
#include "dasd/dasd-cmd-path.h"

#include <string.h>

#include "dasd/dasd-config.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-drive.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-sense.h"

#define SPID_FUNCTION 0x60
#define SPID_ESTABLISH 0x00
#define SPID_DISBAND 0x20
#define SPID_RESIGN 0x40
#define SPID_MULTIPATH 0x80

#define ALLEGIANCE_SIZE 32
#define ALLEGIANCE_RESET 0x80 /* byte 0 */
#define ALLEGIANCE_RESERVED 0x10
#define ALLEGIANCE_PATH 0x20 /* byte 1 */
#define ALLEGIANCE_OFS_GROUP 5

void dasd_cmd_noop(G_GNUC_UNUSED DasdExec *exec)
{
}

void dasd_cmd_sense(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->drive->lasting.sense, DASD_SENSE_SIZE);
    memset(exec->drive->lasting.sense, 0, DASD_SENSE_SIZE);
}

void dasd_cmd_sense_id(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->drive->config.sense_id, DASD_SENSE_ID_SIZE);
}

void dasd_cmd_sense_path_group_id(DasdExec *exec)
{
    guint8 answer[1 + DASD_PATH_GROUP_ID_SIZE];

    answer[0] = exec->drive->lasting.path_state | (exec->drive->lasting.reserved ? DASD_PATH_RESERVED_SELF : 0);
    memcpy(answer + 1, exec->drive->lasting.path_group_id, DASD_PATH_GROUP_ID_SIZE);
    dasd_data_put(&exec->data, answer, sizeof(answer));
}

void dasd_cmd_set_path_group_id(DasdExec *exec)
{
    DasdDrive *drive = exec->drive;
    gboolean grouped = (drive->lasting.path_state & DASD_PATH_STATE_GROUPED) == DASD_PATH_STATE_GROUPED;
    guint8 request[1 + DASD_PATH_GROUP_ID_SIZE];

    if (dasd_data_get(&exec->data, request, sizeof(request)) < sizeof(request))
        return;
    if (grouped && memcmp(drive->lasting.path_group_id, request + 1, DASD_PATH_GROUP_ID_SIZE) != 0) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    switch (request[0] & SPID_FUNCTION) {
    case SPID_ESTABLISH:
        drive->lasting.path_state = DASD_PATH_STATE_GROUPED | (request[0] & SPID_MULTIPATH ? DASD_PATH_MULTIPATH : 0);
        memcpy(drive->lasting.path_group_id, request + 1, DASD_PATH_GROUP_ID_SIZE);
        break;
    case SPID_DISBAND:
    case SPID_RESIGN:
        drive->lasting.path_state = DASD_PATH_STATE_UNGROUPED;
        memset(drive->lasting.path_group_id, 0, DASD_PATH_GROUP_ID_SIZE);
        drive->lasting.reserved = FALSE;
        drive->lasting.host_told = FALSE;
        break;
    default:
        dasd_check(exec, DASD_CHECK_PARAMETER);
    }
}

/*
 * The device has one host, and its sense comes with the status, so no allegiance is left to end. The answer gives the
 * state of the path, in the layout of Hercules' ckddasd.c.
 */
void dasd_cmd_reset_allegiance(DasdExec *exec)
{
    guint8 answer[ALLEGIANCE_SIZE] = { ALLEGIANCE_RESET, ALLEGIANCE_PATH };

    if (exec->drive->lasting.reserved)
        answer[0] |= ALLEGIANCE_RESERVED;
    memcpy(answer + ALLEGIANCE_OFS_GROUP, exec->drive->lasting.path_group_id, DASD_PATH_GROUP_ID_SIZE);
    dasd_data_put(&exec->data, answer, sizeof(answer));
}

/*
 * The device has one host, so a reservation excludes no other host. SENSE PATH GROUP ID shows the reservation. RESERVE
 * and RELEASE answer with 32 bytes of sense. They must come before an extent, a file mask and READ IPL.
 */
static void set_reserved(DasdExec *exec, gboolean reserved)
{
    exec->drive->lasting.reserved = reserved;
    dasd_data_put(&exec->data, exec->drive->lasting.sense, DASD_SENSE_SIZE);
}

void dasd_cmd_reserve(DasdExec *exec)
{
    set_reserved(exec, TRUE);
}

void dasd_cmd_release(DasdExec *exec)
{
    set_reserved(exec, FALSE);
}
