/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal stores one record (record.h) for each acquired device in a JSON file, DEVICES_DIR/BUSID.json, which it
 * replaces atomically; docs/host-side.md shows one. A process that reads an entry in order to write it holds the lock
 * BUSID.lock. The journal rejects a file that it does not understand. steps.h changes devices.
 */
#pragma once

#include <unistd.h>

#include "css/device.h"
#include "hostdev/record.h"

/**
 * hostdev_journal_lock:
 *
 * Waits for the device's lock and takes it. The lock belongs to an open file description: it also excludes other
 * threads of this process.
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with CCW_ERROR_SYSTEM, CCW_ERROR_DENIED
 */
int hostdev_journal_lock(CssHost *host, const CcwBusId *id, GError **error);

/* Such a descriptor, closed at the end of its scope: g_auto(HostdevLockFd) lock = -1; */
typedef int HostdevLockFd;
static inline void hostdev_lock_fd_clear(HostdevLockFd *fd)
{
    if (*fd >= 0)
        close(*fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostdevLockFd, hostdev_lock_fd_clear)

/* Returns: whether the device has an entry, also one that is malformed or of an earlier boot. Needs no lock. */
gboolean hostdev_journal_has(CssHost *host, const CcwBusId *id);

/**
 * hostdev_journal_load:
 * @ret_record: NULL if there is no entry, or if the entry is of an earlier boot: such an entry is no longer true
 *
 * Returns: FALSE if the entry cannot be read, or with CCW_ERROR_SYSTEM if it is malformed
 */
gboolean hostdev_journal_load(CssHost *host, const CcwBusId *id, HostdevRecord **ret_record, GError **error);

/* Writes the entry of @record->device to the disk, in place of an older one. The caller holds the lock. */
gboolean hostdev_journal_save(CssHost *host, const HostdevRecord *record, GError **error);

/* Removes the entry, if there is one. The caller holds the lock. */
gboolean hostdev_journal_remove(CssHost *host, const CcwBusId *id, GError **error);

/* Returns: the bus ids of all entries, ordered: an array of CcwBusId. */
GArray *hostdev_journal_list(CssHost *host);

/*
 * The file BUSID.attach, which may exist without an entry: the token of the process that has announced an attach
 * (hostdev_announce()).
 */

/* The caller holds the lock. Returns: the token, or NULL if no process has announced an attach. */
char *hostdev_journal_announced(CssHost *host, const CcwBusId *id);

/* The caller holds the lock. */
gboolean hostdev_journal_announce(CssHost *host, const CcwBusId *id, const char *token, GError **error);

/* The caller needs no lock. */
void hostdev_journal_withdraw(CssHost *host, const CcwBusId *id);

/**
 * hostdev_can_read_owners:
 *
 * Returns: FALSE if this process may not read the journal, and so cannot know the owner of any device. Only root may.
 */
gboolean hostdev_can_read_owners(CssHost *host);

/**
 * hostdev_owners_to_text:
 *
 * For scripts: lists the kinds of owners of all devices in the journal, also of devices that no longer exist. Takes no
 * lock.
 *
 * Returns: a line "BUSID KIND" for each device, ordered by bus id, to be freed with g_free(). KIND is "domain",
 * "qemu-ccw", "administrator", or "unknown" if the entry is not understood. NULL with CCW_ERROR_DENIED if this process
 * may not read the journal.
 */
char *hostdev_owners_to_text(CssHost *host, GError **error);

/* Returns: whether the device has an entry. Such a device can be released even if it no longer exists. */
gboolean hostdev_has_entry(CssHost *host, const CcwBusId *id);

/**
 * hostdev_owner_read:
 *
 * Sets device->owner, for display: the owner in the entry, HOSTDEV_OWNER_DETACHED, or "?" if the entry is malformed.
 * Sets NULL if there is no entry, or if this process may not read the journal (hostdev_can_read_owners()). Sets
 * device->is_releasing if the entry is in state releasing: the release is going on, or has failed. If the device is
 * detached, sets device->devtype, device->cutype and device->found_volser to those that were found. Takes no lock.
 */
void hostdev_owner_read(CssHost *host, CssDevice *device);
