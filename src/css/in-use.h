/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether this host uses a device: mounted, swapped on, part of a stack, open, its console, or a member of a group
 * device (qeth). The kernel guards what a DASD has on it against being set offline, but not a virtio disk, and it
 * guards nothing against unbind.
 */
#pragma once

#include <unistd.h>

#include "css/device.h"

/* A disk that this process has open exclusively; -1: none. g_auto(CcwDiskHold) hold = -1; */
typedef int CcwDiskHold;
static inline void ccw_disk_hold_clear(CcwDiskHold *hold)
{
    if (*hold >= 0)
        close(*hold);
    *hold = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CcwDiskHold, ccw_disk_hold_clear)

/**
 * ccw_in_use_check:
 * @ret_hold: the disk, opened exclusively, or -1; the caller closes it once the device is offline
 *
 * Checks whether this host uses the device, before anything is changed. Where the kernel will say by itself that it is
 * open (a DASD), processes and the mounts of other namespaces are not looked through, and nothing is held: dasd does
 * not go offline while any process has it open. A disk that the kernel does not guard is opened exclusively: the kernel
 * says then whether it is mounted anywhere, swapped on or part of a stack, and refuses all of these (EBUSY) until
 * @ret_hold is closed. A process that has the disk open beside that, as dd has, is looked for among the processes
 * (processes.h).
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the part of the device, its user and what to do
 */
gboolean ccw_in_use_check(CcwHost *host, const CcwHostDevice *device, CcwDiskHold *ret_hold, GError **error);

/*
 * Explains the kernel's EBUSY on offline. Sets CCW_ERROR_BUSY as above, or without a name if no user is found, and
 * returns FALSE.
 */
gboolean ccw_in_use_explain(CcwHost *host, const CcwBusId *id, GError **error);

/*
 * Then too: whether it is worth another try. Only udev has it open, as for a moment after each change of a disk, or no
 * user is found any more: the process that the kernel meant may have closed it since.
 */
gboolean ccw_in_use_is_momentary(CcwHost *host, const CcwBusId *id);
