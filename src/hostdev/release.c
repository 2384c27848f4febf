/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides about a claim when libvirt or its hook reports a result: a domain has the device (confirm, leave open), the
 * attach has failed (roll back), or the domain has ended (release). reconcile.c finds out what is not reported.
 */
#include "hostdev/release.h"

#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"

gboolean ccw_claim_own(CcwHost *host, CcwRecord *record, const char *domain_uuid, GError **error)
{
    char *domain = domain_uuid ? g_ascii_strdown(domain_uuid, -1) : NULL;

    g_free(record->domain);
    record->domain = domain;
    record->state = CCW_CLAIM_OWNED;
    record->since = ccw_host_clock();
    g_clear_pointer(&record->token, g_free);
    return ccw_journal_save(host, record, error);
}

static gboolean confirm_entry(CcwHost *host, CcwRecord *record, gconstpointer domain_uuid, GError **error)
{
    gboolean same = ccw_entry_is_of(record, domain_uuid);

    if ((record->state == CCW_CLAIM_OWNED && same) || ccw_entry_is_by_hand(record))
        return TRUE;
    if (!ccw_entry_has_mdev(host, record) && !(same && record->state == CCW_CLAIM_PENDING))
        return TRUE;
    return ccw_claim_own(host, record, domain_uuid, error);
}

static gboolean confirm_own_entry(CcwHost *host, CcwRecord *record, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    return record->state != CCW_CLAIM_PENDING || ccw_claim_own(host, record, record->domain, error);
}

static gboolean release_entry(CcwHost *host, CcwRecord *record, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    return ccw_entry_give_back(host, record, error);
}

static gboolean release_older_entry(CcwHost *host, CcwRecord *record, gconstpointer as_of, GError **error)
{
    gboolean younger = record->since > *(const gint64 *)as_of && record->since <= ccw_host_clock();

    return younger || ccw_entry_give_back(host, record, error);
}

static gboolean is_claim_of(const CcwRecord *record, const char *token)
{
    return record->state == CCW_CLAIM_PENDING && record->domain && strcmp(record->token, token) == 0;
}

static gboolean roll_back_entry(CcwHost *host, CcwRecord *record, gconstpointer token, GError **error)
{
    return !is_claim_of(record, token) || ccw_steps_give_back(host, record, error);
}

static gboolean leave_open_entry(CcwHost *host, CcwRecord *record, gconstpointer token, GError **error)
{
    return !is_claim_of(record, token) || ccw_claim_own(host, record, record->domain, error);
}

gboolean ccw_host_confirm(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return ccw_entry_do(host, id, NULL, confirm_entry, domain_uuid, error);
}

gboolean ccw_host_announce(CcwHost *host, const CcwBusId *id, const char *token, GError **error)
{
    g_auto(CcwLockFd) lock = -1;
    CcwBusId subchannel;

    if (!ccw_subchannel_of(host, id, &subchannel)) /* no lock file for what is not there */
        return TRUE;
    lock = ccw_journal_lock(host, id, error);
    return lock >= 0 && ccw_journal_announce(host, id, token, error);
}

void ccw_host_withdraw(CcwHost *host, const CcwBusId *id)
{
    ccw_journal_withdraw(host, id);
}

gboolean ccw_host_roll_back(CcwHost *host, const CcwBusId *id, const char *token, GError **error)
{
    return ccw_entry_do(host, id, NULL, roll_back_entry, token, error);
}

gboolean ccw_host_leave_open(CcwHost *host, const CcwBusId *id, const char *token, GError **error)
{
    return ccw_entry_do(host, id, NULL, leave_open_entry, token, error);
}

gboolean ccw_host_release(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return ccw_entry_do(host, id, domain_uuid, release_entry, NULL, error);
}

gboolean ccw_host_confirm_domain(CcwHost *host, const char *domain_uuid, GError **error)
{
    return ccw_entries_do(host, domain_uuid, NULL, confirm_own_entry, NULL, error);
}

gboolean ccw_host_release_ended(CcwHost *host, const char *domain_uuid, gint64 as_of, GError **error)
{
    return ccw_entries_do(host, domain_uuid, NULL, release_older_entry, &as_of, error);
}

gboolean ccw_host_release_domain(CcwHost *host, const char *domain_uuid, GError **error)
{
    return ccw_host_release_ended(host, domain_uuid, G_MAXINT64, error); /* nothing is younger */
}
