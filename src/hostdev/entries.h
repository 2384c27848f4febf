/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Work on one entry of the journal, or on each entry, under its device's lock; and questions about an entry. Only files
 * of this folder include this header.
 */
#pragma once

#include "css/host.h"
#include "hostdev/journal.h"

typedef gboolean (*CcwEntryFunc)(CcwHost *host, CcwRecord *record, gconstpointer data, GError **error);

/* Calls func if there is such an entry, and it is of only_domain, where that is not NULL. */
gboolean ccw_entry_do(CcwHost *host, const CcwBusId *id, const char *only_domain, CcwEntryFunc func, gconstpointer data,
                      GError **error);

/* Whether an entry is left as it is. Called without its device's lock, for which others may wait long. */
typedef gboolean (*CcwEntryPeek)(CcwHost *host, const CcwRecord *record, gconstpointer data);

/*
 * Calls func for all entries, the last first, in several threads. The error is the first one's. peek may be NULL; func
 * decides once more, with the lock held, about the entries that peek does not skip.
 */
gboolean ccw_entries_do(CcwHost *host, const char *only_domain, CcwEntryPeek peek, CcwEntryFunc func,
                        gconstpointer data, GError **error);

/* --- with the lock held --- */

gboolean ccw_entry_is_of(const CcwRecord *record, const char *domain_uuid);

/* Pending, for a process that has ended. */
gboolean ccw_entry_is_stale(CcwHost *host, const CcwRecord *record);

gboolean ccw_entry_is_by_hand(const CcwRecord *record);

/* Its mdev is there. Without, it is half taken or half given back, and no domain has it. */
gboolean ccw_entry_has_mdev(CcwHost *host, const CcwRecord *record);

/*
 * Whether an attach is announced that may find the entry's mdev. libvirt may be about to give that mdev to another
 * domain: then the process that has announced the attach decides, and no process may ask the kernel meanwhile whether
 * the mdev is open (css/vfio-group.h).
 */
gboolean ccw_entry_is_awaited(CcwHost *host, const CcwRecord *record);

/* Gives it back, unless it is awaited: then it becomes a pending claim of the process that has announced the attach. */
gboolean ccw_entry_give_back(CcwHost *host, CcwRecord *record, GError **error);
