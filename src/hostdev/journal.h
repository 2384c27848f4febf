/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: what was found of a device that was taken, how far the taking went, and which domain it is for. One JSON
 * file a device, DEVICES_DIR/BUSID.json, replaced atomically; docs/host-side.md shows one. Beside it BUSID.lock, which
 * whoever reads in order to write holds. A file that is not understood is refused, never guessed at. Nothing here
 * touches a device.
 */
#pragma once

#include <unistd.h>

#include "css/device.h"
#include "hostdev/record.h"

/*
 * The device's lock, held until the descriptor is closed; waits for it. It is an open file description's, so that
 * threads of one process exclude each other too. -1 on error.
 */
int ccw_journal_lock(CcwHost *host, const CcwBusId *id, GError **error);

/* That descriptor, closed at the end of its scope: g_auto(CcwLockFd) lock = -1; */
typedef int CcwLockFd;
static inline void ccw_lock_fd_clear(CcwLockFd *fd)
{
    if (*fd >= 0)
        close(*fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CcwLockFd, ccw_lock_fd_clear)

gboolean ccw_journal_has(CcwHost *host, const CcwBusId *id);

/*
 * *ret_record is NULL if there is no entry, or if it is of an earlier boot of this host: then it says nothing of what
 * is there now.
 */
gboolean ccw_journal_load(CcwHost *host, const CcwBusId *id, CcwRecord **ret_record, GError **error);
gboolean ccw_journal_save(CcwHost *host, const CcwRecord *record, GError **error);
gboolean ccw_journal_remove(CcwHost *host, const CcwBusId *id, GError **error);

/* The bus ids of all entries, in order: an array of CcwBusId. */
GArray *ccw_journal_list(CcwHost *host);

/* Beside the entry, or without one: BUSID.attach, the token of ccw_host_announce. NULL: none. The lock is held. */
char *ccw_journal_announced(CcwHost *host, const CcwBusId *id);
gboolean ccw_journal_announce(CcwHost *host, const CcwBusId *id, const char *token, GError **error);
void ccw_journal_withdraw(CcwHost *host, const CcwBusId *id); /* takes no lock, and needs none */

/**
 * ccw_host_can_read_owners:
 *
 * Returns: FALSE if this process may not look into the journal, so that the owner of no device is known (only root may)
 */
gboolean ccw_host_can_read_owners(CcwHost *host);

/* Whether the journal knows of it: then it can be given back, if only in the journal, though it is not there. */
gboolean ccw_host_has_entry(CcwHost *host, const CcwBusId *id);

/*
 * ccw_owner_read:
 *
 * Sets device->owner, for display: the domain of the journal's entry, CCW_OWNER_BY_HAND, or "?" if the entry is not
 * understood. NULL if the journal has no entry, or if this process may not read the journal
 * (ccw_host_can_read_owners()). device->returning: the device is on its way from that owner to this host, or not yet.
 * Takes no lock.
 */
void ccw_owner_read(CcwHost *host, CcwHostDevice *device);
