/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks the kernel whether a guest has a mediated device, by opening the device's VFIO group: only one process can have
 * it open at a time (drivers/vfio/group.c). A list of processes or a file name would be no reliable answer. fuser.h
 * finds the process for a message.
 *
 * The question has a side effect: while this process has the group open, a QEMU that opens it gets EBUSY and fails to
 * start. Therefore a caller opens the group only
 *
 *   - with the device's lock held,
 *   - after the journal, the running domains and the announced attaches (hostdev_announce()) have shown that no domain
 *     has the device or is about to get it: each start and each attach takes the lock, and writes the journal, before
 *     QEMU opens the group,
 *   - immediately before it removes the mediated device, or reattaches or resets the device. The group stays open until
 *     after the removal, so that no process can open it between the answer and the write. A QEMU that comes so late
 *     fails to start; otherwise the removal would take the device from a running QEMU.
 *
 * An open group without an open device does not delay the removal.
 */
#pragma once

#include <unistd.h>

#include "css/host.h"

/* A group that this process has open; -1: no group. g_auto(CssVfioGroupFd) group_fd = -1; */
typedef int CssVfioGroupFd;
static inline void css_vfio_group_fd_clear(CssVfioGroupFd *group_fd)
{
    if (*group_fd >= 0)
        close(*group_fd);
    *group_fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CssVfioGroupFd, css_vfio_group_fd_clear)

typedef enum {
    CSS_VFIO_FREE,   /* no process has it, or there is no such mediated device */
    CSS_VFIO_IN_USE, /* a process has it (EBUSY) */
    CSS_VFIO_UNKNOWN /* the kernel does not answer */
} CssVfioUse;

/**
 * css_vfio_group_open:
 * @uuid: the mediated device, lower case
 * @ret_group_fd: for CSS_VFIO_FREE, the open group; the caller closes it after the removal; else -1
 *
 * Asks whether a process has the mediated device. Other processes cannot open it until @ret_group_fd is closed.
 *
 * Returns: the answer; CSS_VFIO_UNKNOWN with CCW_ERROR_SYSTEM
 */
CssVfioUse css_vfio_group_open(CssHost *host, const char *uuid, CssVfioGroupFd *ret_group_fd, GError **error);
