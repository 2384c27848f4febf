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
#include "hostdev/dasd-settings.h"

/* Who has a device that was detached by hand, in the place of a domain's UUID. */
#define CCW_OWNER_BY_HAND "detached"
/*
 * Who has a device that qemu-ccw took, in the same place: this, and qemu-ccw's process id. It is no UUID, so that no
 * domain can take that place.
 */
#define CCW_OWNER_QEMU_CCW "qemu-ccw:"

typedef enum {
    CCW_CLAIM_PENDING,   /* taken, libvirt has not said yes yet; has a token */
    CCW_CLAIM_OWNED,     /* the domain has it */
    CCW_CLAIM_RELEASING, /* being given back; steps says what remains */
    CCW_CLAIM_LAST,
} CcwClaimState;

typedef enum {
    CCW_STEP_OFFLINE,
    CCW_STEP_OVERRIDE,
    CCW_STEP_UNBIND,
    CCW_STEP_BIND,
    CCW_STEP_MDEV,
    CCW_STEP_LAST,
} CcwStep;

typedef struct {
    CcwBusId device;
    CcwBusId subchannel; /* when it was taken */
    CcwClaimState state;
    gint64 since; /* ccw_host_clock() of the last claim or confirmation */
    char *domain; /* UUID, lower case; or CCW_OWNER_QEMU_CCW and a process id; NULL: taken by hand (ccw_host_detach) */
    char *token;  /* "PID:STARTTIME"; NULL unless pending */
    gint found_online;              /* 1, 0, -1 as in CcwHostDevice */
    char *found_driver;             /* of the subchannel, or NULL */
    char *found_override;           /* "" where none was set */
    CcwDasdSettings found_settings; /* if it was online */
    guint steps;                    /* 1 << CcwStep of each step that may have been done and is not undone */
} CcwRecord;
void ccw_record_free(CcwRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwRecord, ccw_record_free)

/*
 * No domain may have a UUID that begins so: in an entry of an older version it is qemu-ccw's, and older versions take
 * it for that.
 */
#define CCW_RESERVED_UUID "cc390000-0002-8000-8000-"
gboolean ccw_journal_is_reserved(const char *uuid);

const char *ccw_step_name(CcwStep step);
const char *ccw_claim_state_name(CcwClaimState state);

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
