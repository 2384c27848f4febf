/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Private to the two files that take a device: claim.c for a domain, node_device/node-detach.c for a client.
 */
#pragma once

#include "css/device.h"
#include "hostdev/journal.h"

/* CCW_ERROR_INVALID for what is no domain UUID, or where the process that a token is for has ended (NULL). */
gboolean ccw_claim_check_arguments(const char *domain_uuid, const char *token, GError **error);

/* The lock of a device that is there or in the journal. Errors: CCW_ERROR_NOT_FOUND, CCW_ERROR_SYSTEM. */
gboolean ccw_claim_lock(CcwHost *host, const CcwBusId *id, CcwLockFd *ret_lock, GError **error);

/* --- with the lock held --- */

/* Whether what the entry says was taken is there: neither half taken nor half given back, nor its mdev removed. */
gboolean ccw_claim_is_whole(CcwHost *host, const CcwRecord *record);

/* It is being taken for, or had by, another domain than this. */
gboolean ccw_claim_is_anothers(CcwHost *host, const CcwRecord *record, const char *domain_uuid);

/* Sets CCW_ERROR_BUSY, naming the domain of the record, by its name if that is known. Returns FALSE. */
gboolean ccw_claim_refuse(CcwHost *host, const CcwRecord *record, GError **error);

/* A pending entry for a device as it is now, on no disk yet. domain_uuid: NULL by hand. */
CcwRecord *ccw_claim_record(CcwHost *host, const CcwHostDevice *device, const char *domain_uuid, const char *token);

/*
 * Takes a device that has no entry; it gets one, pending. *ret_taken FALSE: it has its mdev already, made by somebody
 * else, and is left as it is. If anything fails, all is rolled back. Errors: as ccw_host_claim.
 */
gboolean ccw_claim_take(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error);

/* Whatever it was, it is owned: by that domain, or by hand (NULL). */
gboolean ccw_claim_own(CcwHost *host, CcwRecord *record, const char *domain_uuid, GError **error);
