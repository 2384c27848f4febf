/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writes that turn a device of a host driver into a mediated device, and those that undo this. The journal has each
 * step before it is done. Undoing a step first checks the present state, so that a release can be repeated after an
 * interruption at any point. claim.c decides whether a device may be acquired. The caller holds the device's lock.
 */
#pragma once

#include "css/host.h"
#include "css/in-use.h"
#include "css/vfio-group.h"
#include "hostdev/journal.h"

/**
 * hostdev_steps_acquire:
 * @disk_fd: from css_in_use_check(). The function closes it when the device is offline, or when that has failed: while it is
 * open, the kernel cannot give the disk's name (dasda) to the disk that comes back
 *
 * Does each step that the record's "found" makes necessary. After a failure, the caller undoes the recorded steps with
 * hostdev_steps_release().
 *
 * Returns: FALSE with CCW_ERROR_BUSY, CCW_ERROR_UNSUPPORTED (no vfio_ccw), CCW_ERROR_SYSTEM
 */
gboolean hostdev_steps_acquire(CssHost *host, HostdevRecord *record, CssDiskFd *disk_fd, GError **error);

/* Sets the device offline and then releases it, even if the first failed. @disk_fd and errors: see above. */
gboolean hostdev_steps_restart(CssHost *host, HostdevRecord *record, CssDiskFd *disk_fd, GError **error);

/**
 * hostdev_steps_open_group:
 * @timeout_ms: how long a process that has the device's mdev may take to close it
 * @ret_group_fd: keeps other processes from the mdev, for hostdev_steps_release_with_group(); -1 without an mdev
 *
 * Asks the kernel whether a process has the device's mdev. Call this only when no domain can be about to get it
 * (css/vfio-group.h). Removing the mdev would take it from a running QEMU, and would wait as long as a QEMU is stopped.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the process, or with CCW_ERROR_SYSTEM if the kernel does not answer
 */
gboolean hostdev_steps_open_group(CssHost *host, const HostdevRecord *record, guint timeout_ms,
                                  CssVfioGroupFd *ret_group_fd, GError **error);

/**
 * hostdev_steps_release:
 *
 * Undoes record->steps, and removes the journal entry. If the device is on another subchannel now, also restores the
 * one that it has left. A device that no longer exists needs no undoing. Does not change a device that a process has
 * open.
 *
 * Returns: FALSE with the errors above; the entry stays, in state releasing, with the remaining steps
 */
gboolean hostdev_steps_release(CssHost *host, HostdevRecord *record, GError **error);

/* The same with the open group of the mdev, or -1. The caller keeps ownership of @group_fd. */
gboolean hostdev_steps_release_with_group(CssHost *host, HostdevRecord *record, CssVfioGroupFd group_fd,
                                          GError **error);
