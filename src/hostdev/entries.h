/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls a function for one entry of the journal, or for each entry, with its device's lock held; and answers questions
 * about an entry. Only files of this folder include this header.
 */
#pragma once

#include "css/host.h"
#include "hostdev/journal.h"

typedef gboolean (*HostdevEntryFunc)(CssHost *host, HostdevRecord *record, gconstpointer data, GError **error);

/* Calls @func if the device has an entry, and if @only_domain is NULL or the entry's owner. */
gboolean hostdev_entry_do(CssHost *host, const CcwBusId *id, const char *only_domain, HostdevEntryFunc func,
                          gconstpointer data, GError **error);

/* Returns TRUE to skip an entry. Called without the device's lock, since a thread may wait long for that. */
typedef gboolean (*HostdevEntryPeek)(CssHost *host, const HostdevRecord *record, gconstpointer data);

/**
 * hostdev_entries_do:
 * @peek: NULL: skip no entries
 * @func: must repeat the decision of @peek, now with the lock held
 *
 * Calls @func for all entries, in several threads, beginning with the last entry.
 *
 * Returns: FALSE with the error of the first entry that failed
 */
gboolean hostdev_entries_do(CssHost *host, const char *only_domain, HostdevEntryPeek peek, HostdevEntryFunc func,
                            gconstpointer data, GError **error);

/* --- the caller holds the device's lock --- */

/* Returns: whether the entry has this owner: a domain's UUID, or that of a qemu-ccw (hostdev_owner_kind()). */
gboolean hostdev_entry_is_of(const HostdevRecord *record, const char *owner);

/* Returns: whether the entry is pending, and the process of its token has ended. */
gboolean hostdev_entry_is_stale(CssHost *host, const HostdevRecord *record);

/* Returns: whether an administrator has detached the device (nodedev_detach()). */
gboolean hostdev_entry_is_detached(const HostdevRecord *record);

/* Returns: whether the device has its mdev. Without the mdev, no domain has the device. */
gboolean hostdev_entry_has_mdev(CssHost *host, const HostdevRecord *record);

/**
 * hostdev_entry_is_awaited:
 *
 * An entry is awaited while a process has announced an attach that may find the entry's mdev. libvirt may be about to
 * give that mdev to another domain. Then the announcing process decides about the device, and no process may ask the
 * kernel whether the mdev is open (css/vfio-group.h).
 */
gboolean hostdev_entry_is_awaited(CssHost *host, const HostdevRecord *record);

/* Releases the device. If it is awaited, makes the entry a pending claim of the announcing process instead. */
gboolean hostdev_entry_release(CssHost *host, HostdevRecord *record, GError **error);
