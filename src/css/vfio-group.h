/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a guest has a mediated device, as the kernel answers it: by an open of the device's VFIO group, which only
 * one process may have open at a time (drivers/vfio/group.c). No list of processes and no name of a file can stand for
 * that answer. This file asks; who it is, for a message, openers.h finds.
 *
 * The question has a side effect. While we have the group open no QEMU can open it: it would get EBUSY and fail to
 * start. Therefore the group is asked for only
 *
 *   - with the device's lock held,
 *   - after the journal, the domains that run and the announced attaches (ccw_host_announce) have said that no domain
 *     has the device, and that none is about to get it: each start and each attach takes the lock before QEMU opens
 *     the group, and says so in the journal,
 *   - just before the mediated device is removed, or reattached, or reset. The group stays open until after the
 *     removal, so that no process can open it between the answer and the write: a QEMU that comes so late fails, where
 *     the removal would have taken the device from it while it runs.
 *
 * An open group without an open device does not hold up the removal.
 */
#pragma once

#include <unistd.h>

#include "css/host.h"

/* A group that this process has open; -1: none. g_auto(CcwVfioHold) hold = -1; */
typedef int CcwVfioHold;
static inline void ccw_vfio_hold_clear(CcwVfioHold *hold)
{
    if (*hold >= 0)
        close(*hold);
    *hold = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CcwVfioHold, ccw_vfio_hold_clear)

typedef enum {
    CCW_VFIO_FREE,   /* no process has it, or there is no such mediated device */
    CCW_VFIO_IN_USE, /* EBUSY */
    CCW_VFIO_UNKNOWN /* the kernel cannot be asked */
} CcwVfioUse;

/**
 * ccw_vfio_hold:
 * @uuid: of the mediated device, lower case
 * @ret_hold: where the answer is CCW_VFIO_FREE, the group, to be closed after the removal; else -1
 *
 * Asks whether a process has the mediated device, and keeps others from it until @ret_hold is closed.
 *
 * Returns: the answer; CCW_VFIO_UNKNOWN sets @error
 */
CcwVfioUse ccw_vfio_hold(CcwHost *host, const char *uuid, CcwVfioHold *ret_hold, GError **error);
