/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acquires devices of the host for a domain or a qemu-ccw.
 *
 * These functions record each step in the journal (one JSON file for each device in RUN_DIR/devices/) before they do
 * it, so that any process can release the device in the state in which it was found. Each function holds the device's
 * lock file while it runs. They do not call libvirt, and callers must not hold a lock of ours during a call to libvirt.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

/**
 * hostdev_claim:
 * @owner: a domain's UUID, or the owner of a qemu-ccw (HOSTDEV_QEMU_CCW_PREFIX)
 * @token: of the process for which the device is acquired (hostdev/process.h)
 * @ret_acquired: FALSE: the caller has nothing to release: another program has made the device's mdev, or this owner
 *                has the device already
 *
 * Detaches the device from its host driver and makes the mdev with the device's UUID. The journal entry is pending. If
 * a step fails, undoes all steps in reverse; if that fails, too, the entry stays, in state releasing.
 *
 * Returns: FALSE with CCW_ERROR_NOT_FOUND (no such device), CCW_ERROR_BUSY (in use: mounted, another mdev, another
 * domain; the message names the user), CCW_ERROR_UNSUPPORTED (no vfio_ccw), CCW_ERROR_SYSTEM
 */
gboolean hostdev_claim(CssHost *host, const CcwBusId *id, const char *owner, const char *token, gboolean *ret_acquired,
                       GError **error);

/**
 * hostdev_claim_all:
 * @ids: different bus ids
 * @n: at least 1
 *
 * Claims all devices of a domain in parallel. If one fails, releases the others.
 *
 * Returns: FALSE with the error of the lowest bus id that failed
 */
gboolean hostdev_claim_all(CssHost *host, const CcwBusId *ids, guint n, const char *owner, const char *token,
                           GError **error);
