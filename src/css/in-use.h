/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether this host uses a device: its disk (disk-use.h), its console, a network interface, or a member of a group
 * device (qeth). The kernel does not set a DASD offline that is in use. It does not guard a virtio disk in this way,
 * and it guards no device against unbind.
 */
#pragma once

#include "css/device.h"
#include "css/disk-use.h"

/**
 * css_in_use_check:
 * @ret_disk_fd: the disk, opened exclusively, or -1; the caller closes it once the device is offline
 *
 * Checks whether this host uses the device. Call it before changing the device.
 *
 * The kernel itself guards a DASD: dasd does not go offline while a process has it open. For a DASD this function
 * therefore looks neither at processes nor at the mounts of other namespaces, and holds nothing. It opens any other
 * disk exclusively. The kernel then tells whether the disk is mounted anywhere, swap space or part of another block
 * device, and rejects all of these (EBUSY) until @ret_disk_fd is closed. The function also scans the processes
 * (processes.h) for one that has the disk open without a claim, as dd has.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the part of the device, its user and what to do
 */
gboolean css_in_use_check(CssHost *host, const CssDevice *device, CssDiskFd *ret_disk_fd, GError **error);

/**
 * css_in_use_explain:
 *
 * Finds the reason after the kernel has answered EBUSY to offline.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, which names the user if one is found
 */
gboolean css_in_use_explain(CssHost *host, const CcwBusId *id, GError **error);

/**
 * css_in_use_is_momentary:
 *
 * Decides, after the kernel has answered EBUSY to offline, whether the caller should try again.
 *
 * Returns: TRUE if only udev has the disk open, as it does for a moment after each change of a disk, or if no user is
 * found any more: the process that the kernel meant may have closed the disk meanwhile
 */
gboolean css_in_use_is_momentary(CssHost *host, const CcwBusId *id);
