/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/entries.h"

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "hostdev/process.h"
#include "hostdev/steps.h"
#include "util/thread.h"

gboolean hostdev_entry_is_of(const HostdevRecord *record, const char *owner)
{
    return record->owner && g_ascii_strcasecmp(record->owner, owner) == 0;
}

gboolean hostdev_entry_is_stale(CssHost *host, const HostdevRecord *record)
{
    return record->state == HOSTDEV_CLAIM_PENDING && !hostdev_process_is_live(host, record->token);
}

gboolean hostdev_entry_is_detached(const HostdevRecord *record)
{
    return record->state == HOSTDEV_CLAIM_OWNED && hostdev_owner_kind(record->owner) == HOSTDEV_OWNER_ADMINISTRATOR;
}

gboolean hostdev_entry_has_mdev(CssHost *host, const HostdevRecord *record)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, &record->device, NULL);
    char uuid[CONF_UUID_STR_LEN];

    return device && g_strv_contains((const char *const *)device->mdevs, conf_uuid_encode(&record->device, uuid));
}

/*
 * Returns the token of the process whose announced attach may find the entry's mdev, or NULL if no process has
 * announced one.
 */
static char *awaited_by(CssHost *host, const HostdevRecord *record)
{
    g_autofree char *token = hostdev_journal_announced(host, &record->device);

    if (!token || hostdev_owner_kind(record->owner) == HOSTDEV_OWNER_ADMINISTRATOR ||
        !hostdev_process_is_live(host, token) || !hostdev_entry_has_mdev(host, record))
        return NULL;
    return g_steal_pointer(&token);
}

gboolean hostdev_entry_is_awaited(CssHost *host, const HostdevRecord *record)
{
    g_autofree char *token = awaited_by(host, record);

    return token != NULL;
}

gboolean hostdev_entry_release(CssHost *host, HostdevRecord *record, GError **error)
{
    g_autofree char *token = awaited_by(host, record);

    if (!token)
        return hostdev_steps_release(host, record, error);
    g_free(record->token);
    record->token = g_steal_pointer(&token);
    record->state = HOSTDEV_CLAIM_PENDING;
    record->since = css_host_clock();
    return hostdev_journal_save(host, record, error);
}

/*
 * Reads the entry without the device's lock: the caller must not wait for work on a device of another domain. The
 * journal replaces an entry atomically.
 */
static gboolean is_anothers(CssHost *host, const CcwBusId *id, const char *owner)
{
    g_autoptr(HostdevRecord) record = NULL;

    return hostdev_journal_load(host, id, &record, NULL) && record && !hostdev_entry_is_of(record, owner);
}

gboolean hostdev_entry_do(CssHost *host, const CcwBusId *id, const char *only_domain, HostdevEntryFunc func,
                          gconstpointer data, GError **error)
{
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(HostdevLockFd) lock = -1;

    if (!hostdev_journal_has(host, id) || (only_domain && is_anothers(host, id, only_domain)))
        return TRUE;
    lock = hostdev_journal_lock(host, id, error);
    if (lock < 0 || !hostdev_journal_load(host, id, &record, error))
        return FALSE;
    if (!record) /* another process has removed it, or it is of an earlier boot */
        return hostdev_journal_remove(host, id, error);
    return (only_domain && !hostdev_entry_is_of(record, only_domain)) || func(host, record, data, error);
}

typedef struct {
    CssHost *host;
    const char *only_domain;
    HostdevEntryPeek peek; /* or NULL */
    HostdevEntryFunc func;
    gconstpointer data;
    GArray *ids;
    GError **errors; /* one for each id */
} Entries;

static gboolean is_skipped(const Entries *entries, const CcwBusId *id)
{
    g_autoptr(HostdevRecord) record = NULL;

    return entries->peek && hostdev_journal_load(entries->host, id, &record, NULL) && record &&
           entries->peek(entries->host, record, entries->data);
}

static void do_nth(guint index, gpointer data)
{
    Entries *entries = data;
    const CcwBusId *id = &g_array_index(entries->ids, CcwBusId, entries->ids->len - 1 - index);

    if (is_skipped(entries, id))
        return;
    hostdev_entry_do(entries->host, id, entries->only_domain, entries->func, entries->data, &entries->errors[index]);
}

gboolean hostdev_entries_do(CssHost *host, const char *only_domain, HostdevEntryPeek peek, HostdevEntryFunc func,
                            gconstpointer data, GError **error)
{
    g_autoptr(GArray) ids = hostdev_journal_list(host);
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
