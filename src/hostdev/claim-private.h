/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Private to the files that acquire a device: claim.c for a domain or a qemu-ccw, and node_device/node-detach.c for an
 * administrator.
 */
#pragma once

#include "css/device.h"
#include "hostdev/journal.h"

/*
 * Returns: FALSE with CCW_ERROR_INVALID if @owner is neither a domain's UUID nor a qemu-ccw, or if @token is NULL: the
 * process has ended.
 */
gboolean hostdev_claim_check_arguments(const char *owner, const char *token, GError **error);

/**
 * hostdev_claim_lock:
 *
 * Locks a device that exists or is in the journal.
 *
 * Returns: FALSE with CCW_ERROR_NOT_FOUND or CCW_ERROR_SYSTEM
 */
gboolean hostdev_claim_lock(CssHost *host, const CcwBusId *id, HostdevLockFd *ret_lock, GError **error);

/* --- the caller holds the device's lock --- */

/* Returns: FALSE if the steps of the entry are not complete: half acquired, half released, or the mdev is removed. */
gboolean hostdev_claim_is_whole(CssHost *host, const HostdevRecord *record);

/* Returns: whether another domain or qemu-ccw has the device, or is about to get it. */
gboolean hostdev_claim_is_anothers(CssHost *host, const HostdevRecord *record, const char *owner);

/* Sets CCW_ERROR_BUSY with the record's owner, a domain by its name if that is known. Returns FALSE. */
gboolean hostdev_claim_set_busy(CssHost *host, const HostdevRecord *record, GError **error);

/**
 * hostdev_claim_record:
 * @owner: NULL: an administrator (nodedev_detach())
 *
 * Makes a pending record of a device in its present state. Does not write it to the journal.
 */
HostdevRecord *hostdev_claim_record(CssHost *host, const CssDevice *device, const char *owner, const char *token);

/**
 * hostdev_claim_acquire:
 * @ret_acquired: FALSE: another program has made its mdev already, and the device stays as it is
 *
 * Acquires a device that has no entry; writes a pending entry. If a step fails, rolls back.
 *
 * Returns: FALSE with an error of hostdev_claim()
 */
gboolean hostdev_claim_acquire(CssHost *host, const CcwBusId *id, const char *owner, const char *token,
                               gboolean *ret_acquired, GError **error);

/* Sets the owner of an entry in any state; @owner NULL: an administrator. */
gboolean hostdev_claim_own(CssHost *host, HostdevRecord *record, const char *owner, GError **error);
