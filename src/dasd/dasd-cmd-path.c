/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands about the path and the device's identity: no track is touched.
 */
#include <string.h>

#include "dasd/dasd-exec.h"

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
    dasd_data_put(&exec->data, exec->device->lasting.sense, DASD_SENSE_SIZE);
    memset(exec->device->lasting.sense, 0, DASD_SENSE_SIZE);
}

void dasd_cmd_sense_id(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.sense_id, DASD_SENSE_ID_SIZE);
}

void dasd_cmd_sense_path_group_id(DasdExec *exec)
{
    guint8 answer[1 + DASD_PATH_GROUP_ID_SIZE];

    answer[0] = exec->device->lasting.path_state | (exec->device->lasting.reserved ? DASD_PATH_RESERVED_SELF : 0);
    memcpy(answer + 1, exec->device->lasting.path_group_id, DASD_PATH_GROUP_ID_SIZE);
    dasd_data_put(&exec->data, answer, sizeof(answer));
}

void dasd_cmd_set_path_group_id(DasdExec *exec)
{
    DasdDevice *device = exec->device;
    gboolean grouped = (device->lasting.path_state & DASD_PATH_STATE_GROUPED) == DASD_PATH_STATE_GROUPED;
    guint8 request[1 + DASD_PATH_GROUP_ID_SIZE];

    if (dasd_data_get(&exec->data, request, sizeof(request)) < sizeof(request))
        return;
    if (grouped && memcmp(device->lasting.path_group_id, request + 1, DASD_PATH_GROUP_ID_SIZE) != 0) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    switch (request[0] & SPID_FUNCTION) {
    case SPID_ESTABLISH:
        device->lasting.path_state = DASD_PATH_STATE_GROUPED | (request[0] & SPID_MULTIPATH ? DASD_PATH_MULTIPATH : 0);
        memcpy(device->lasting.path_group_id, request + 1, DASD_PATH_GROUP_ID_SIZE);
        break;
    case SPID_DISBAND:
    case SPID_RESIGN:
        device->lasting.path_state = DASD_PATH_STATE_UNGROUPED;
        memset(device->lasting.path_group_id, 0, DASD_PATH_GROUP_ID_SIZE);
        device->lasting.reserved = FALSE;
        device->lasting.host_told = FALSE;
        break;
    default:
        dasd_check(exec, DASD_CHECK_PARAMETER);
    }
}

/*
 * There is one host, and its sense comes with the status: no allegiance is left to end. The answer says what the
 * path's state is, in the layout that Hercules' ckddasd.c gives.
 */
void dasd_cmd_reset_allegiance(DasdExec *exec)
{
    guint8 answer[ALLEGIANCE_SIZE] = { ALLEGIANCE_RESET, ALLEGIANCE_PATH };

    if (exec->device->lasting.reserved)
        answer[0] |= ALLEGIANCE_RESERVED;
    memcpy(answer + ALLEGIANCE_OFS_GROUP, exec->device->lasting.path_group_id, DASD_PATH_GROUP_ID_SIZE);
    dasd_data_put(&exec->data, answer, sizeof(answer));
}

/*
 * There is one host: a reservation excludes no other host, and no other host has one. Sense path group ID shows it.
 * The commands answer with 32 bytes of sense, and stand before what positions the device.
 */
static void set_reserved(DasdExec *exec, gboolean reserved)
{
    exec->device->lasting.reserved = reserved;
    dasd_data_put(&exec->data, exec->device->lasting.sense, DASD_SENSE_SIZE);
}

void dasd_cmd_reserve(DasdExec *exec)
{
    set_reserved(exec, TRUE);
}

void dasd_cmd_release(DasdExec *exec)
{
    set_reserved(exec, FALSE);
}
