/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/release.h"

#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"

gboolean hostdev_claim_own(CssHost *host, HostdevRecord *record, const char *owner, GError **error)
{
    char *copy = owner ? g_ascii_strdown(owner, -1) : NULL;

    g_free(record->owner);
    record->owner = copy;
    record->state = HOSTDEV_CLAIM_OWNED;
    record->since = css_host_clock();
    g_clear_pointer(&record->token, g_free);
    return hostdev_journal_save(host, record, error);
}

static gboolean confirm_entry(CssHost *host, HostdevRecord *record, gconstpointer domain_uuid, GError **error)
{
    gboolean is_same = hostdev_entry_is_of(record, domain_uuid);

    if ((record->state == HOSTDEV_CLAIM_OWNED && is_same) || hostdev_entry_is_detached(record))
        return TRUE;
    if (!hostdev_entry_has_mdev(host, record) && !(is_same && record->state == HOSTDEV_CLAIM_PENDING))
        return TRUE;
    return hostdev_claim_own(host, record, domain_uuid, error);
}

static gboolean confirm_own_entry(CssHost *host, HostdevRecord *record, gconstpointer data G_GNUC_UNUSED,
                                  GError **error)
{
    return record->state != HOSTDEV_CLAIM_PENDING || hostdev_claim_own(host, record, record->owner, error);
}

static gboolean release_entry(CssHost *host, HostdevRecord *record, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    return hostdev_entry_release(host, record, error);
}

static gboolean release_older_entry(CssHost *host, HostdevRecord *record, gconstpointer as_of, GError **error)
{
    gboolean is_younger = record->since > *(const gint64 *)as_of && record->since <= css_host_clock();

    return is_younger || hostdev_entry_release(host, record, error);
}

static gboolean is_claim_of(const HostdevRecord *record, const char *token)
{
    return record->state == HOSTDEV_CLAIM_PENDING && hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_ADMINISTRATOR &&
           strcmp(record->token, token) == 0;
}

static gboolean roll_back_entry(CssHost *host, HostdevRecord *record, gconstpointer token, GError **error)
{
    return !is_claim_of(record, token) || hostdev_steps_release(host, record, error);
}

static gboolean leave_open_entry(CssHost *host, HostdevRecord *record, gconstpointer token, GError **error)
{
    return !is_claim_of(record, token) || hostdev_claim_own(host, record, record->owner, error);
}

gboolean hostdev_confirm(CssHost *host, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return hostdev_entry_do(host, id, NULL, confirm_entry, domain_uuid, error);
}

gboolean hostdev_announce(CssHost *host, const CcwBusId *id, const char *token, GError **error)
{
    g_auto(HostdevLockFd) lock = -1;
    CcwBusId subchannel;

    if (!css_subchannel_of(host, id, &subchannel)) /* do not make a lock file for a device that does not exist */
        return TRUE;
    lock = hostdev_journal_lock(host, id, error);
    return lock >= 0 && hostdev_journal_announce(host, id, token, error);
}

void hostdev_withdraw(CssHost *host, const CcwBusId *id)
{
    hostdev_journal_withdraw(host, id);
}

gboolean hostdev_roll_back(CssHost *host, const CcwBusId *id, const char *token, GError **error)
{
    return hostdev_entry_do(host, id, NULL, roll_back_entry, token, error);
}

gboolean hostdev_leave_open(CssHost *host, const CcwBusId *id, const char *token, GError **error)
{
    return hostdev_entry_do(host, id, NULL, leave_open_entry, token, error);
}

gboolean hostdev_release(CssHost *host, const CcwBusId *id, const char *owner, GError **error)
{
    return hostdev_entry_do(host, id, owner, release_entry, NULL, error);
}

gboolean hostdev_confirm_domain(CssHost *host, const char *domain_uuid, GError **error)
{
    return hostdev_entries_do(host, domain_uuid, NULL, confirm_own_entry, NULL, error);
}

gboolean hostdev_release_ended(CssHost *host, const char *domain_uuid, gint64 as_of, GError **error)
{
    return hostdev_entries_do(host, domain_uuid, NULL, release_older_entry, &as_of, error);
}

gboolean hostdev_release_domain(CssHost *host, const char *domain_uuid, GError **error)
{
    return hostdev_release_ended(host, domain_uuid, G_MAXINT64, error); /* nothing is younger */
}
