/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends a command with unit check: builds the sense, and sets the device status. */
#include "dasd/dasd-exec.h"

#include "channel/arch.h"
#include "dasd/dasd-drive.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-volume.h"

gboolean dasd_check(DasdExec *exec, DasdCheck check)
{
    DasdDrive *drive = exec->drive;

    dasd_sense_build(drive->lasting.sense, check, drive->unit_address, exec->chain.track_number);
    exec->dstat = CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END | CHANNEL_DSTAT_UNIT_CHECK;
    return FALSE;
}

gboolean dasd_check_host(DasdExec *exec)
{
    if (!dasd_volume_lacks_room(exec->drive->volume))
        return dasd_check(exec, DASD_CHECK_EQUIPMENT);
    g_atomic_int_set(&exec->drive->lasting.waits, TRUE);
    return dasd_check(exec, DASD_CHECK_INTERVENTION);
}
