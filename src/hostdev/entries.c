/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/entries.h"

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "hostdev/steps.h"
#include "hostdev/token.h"
#include "util/thread.h"

gboolean ccw_entry_is_of(const CcwRecord *record, const char *domain_uuid)
{
    return record->domain && g_ascii_strcasecmp(record->domain, domain_uuid) == 0;
}

gboolean ccw_entry_is_stale(CcwHost *host, const CcwRecord *record)
{
    return record->state == CCW_CLAIM_PENDING && !ccw_token_is_live(host, record->token);
}

gboolean ccw_entry_is_by_hand(const CcwRecord *record)
{
    return record->state == CCW_CLAIM_OWNED && !record->domain;
}

gboolean ccw_entry_has_mdev(CcwHost *host, const CcwRecord *record)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, &record->device, NULL);
    char uuid[CCW_UUID_STR_LEN];

    return device && g_strv_contains((const char *const *)device->mdevs, ccw_uuid_encode(&record->device, uuid));
}

/* The token of the process whose announced attach may find the entry's mdev; NULL if no such attach is announced. */
static char *awaited_by(CcwHost *host, const CcwRecord *record)
{
    g_autofree char *token = ccw_journal_announced(host, &record->device);

    if (!token || !record->domain || !ccw_token_is_live(host, token) || !ccw_entry_has_mdev(host, record))
        return NULL;
    return g_steal_pointer(&token);
}

gboolean ccw_entry_is_awaited(CcwHost *host, const CcwRecord *record)
{
    g_autofree char *token = awaited_by(host, record);

    return token != NULL;
}

gboolean ccw_entry_give_back(CcwHost *host, CcwRecord *record, GError **error)
{
    g_autofree char *token = awaited_by(host, record);

    if (!token)
        return ccw_steps_give_back(host, record, error);
    g_free(record->token);
    record->token = g_steal_pointer(&token);
    record->state = CCW_CLAIM_PENDING;
    record->since = ccw_host_clock();
    return ccw_journal_save(host, record, error);
}

/*
 * Reads the entry without the device's lock, so that the caller does not wait for work on a device of another domain.
 * The journal replaces an entry as a whole.
 */
static gboolean is_anothers(CcwHost *host, const CcwBusId *id, const char *domain_uuid)
{
    g_autoptr(CcwRecord) record = NULL;

    return ccw_journal_load(host, id, &record, NULL) && record && !ccw_entry_is_of(record, domain_uuid);
}

gboolean ccw_entry_do(CcwHost *host, const CcwBusId *id, const char *only_domain, CcwEntryFunc func, gconstpointer data,
                      GError **error)
{
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwLockFd) lock = -1;

    if (!ccw_journal_has(host, id) || (only_domain && is_anothers(host, id, only_domain)))
        return TRUE;
    lock = ccw_journal_lock(host, id, error);
    if (lock < 0 || !ccw_journal_load(host, id, &record, error))
        return FALSE;
    if (!record) /* another process has settled it, or it is of an earlier boot */
        return ccw_journal_remove(host, id, error);
    return (only_domain && !ccw_entry_is_of(record, only_domain)) || func(host, record, data, error);
}

typedef struct {
    CcwHost *host;
    const char *only_domain;
    CcwEntryPeek peek; /* or NULL */
    CcwEntryFunc func;
    gconstpointer data;
    GArray *ids;
    GError **errors; /* one an id */
} Entries;

static gboolean is_skipped(const Entries *entries, const CcwBusId *id)
{
    g_autoptr(CcwRecord) record = NULL;

    return entries->peek && ccw_journal_load(entries->host, id, &record, NULL) && record &&
           entries->peek(entries->host, record, entries->data);
}

static void do_nth(guint index, gpointer data)
{
    Entries *entries = data;
    const CcwBusId *id = &g_array_index(entries->ids, CcwBusId, entries->ids->len - 1 - index);

    if (is_skipped(entries, id))
        return;
    ccw_entry_do(entries->host, id, entries->only_domain, entries->func, entries->data, &entries->errors[index]);
}

gboolean ccw_entries_do(CcwHost *host, const char *only_domain, CcwEntryPeek peek, CcwEntryFunc func,
                        gconstpointer data, GError **error)
{
    g_autoptr(GArray) ids = ccw_journal_list(host);
    g_autofree GError **errors = g_new0(GError *, ids->len + 1);
    Entries entries = { host, only_domain, peek, func, data, ids, errors };
    g_autoptr(GError) first = NULL;

    ccw_parallel_run(ids->len, host->parallel, do_nth, &entries);
    for (guint i = 0; i < ids->len; i++) {
        if (!first)
            first = errors[i];
        else
            g_clear_error(&errors[i]);
    }
    if (!first)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}
