/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/reconcile.h"

#include "css/host-private.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"

static gboolean is_live_in(GHashTable *live, const char *domain_uuid, const HostdevRecord *record)
{
    GHashTable *devices = g_hash_table_lookup(live, domain_uuid);

    return devices && g_hash_table_contains(devices, &record->device);
}

/* Returns the domain whose live XML has the device, preferring the entry's, or NULL if there is no such domain. */
static const char *live_owner(GHashTable *live, const HostdevRecord *record)
{
    GHashTableIter iter;
    gpointer domain_uuid;

    if (record->owner && is_live_in(live, record->owner, record))
        return record->owner;
    g_hash_table_iter_init(&iter, live);
    while (g_hash_table_iter_next(&iter, &domain_uuid, NULL))
        if (is_live_in(live, domain_uuid, record))
            return domain_uuid;
    return NULL;
}

/*
 * Whether the entry is of a start that has ended, but whose hook was killed before it could release the device. libvirt
 * lists a domain as running while it starts. Does not apply to the claims of an attach or of qemu-ccw: those processes
 * decide about their claims as long as they run.
 */
static gboolean is_abandoned(CssHost *host, const HostdevRecord *record, const HostdevReconcile *request)
{
    g_autofree char *announced = NULL;

    if (!request->live || request->only_domain || hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_DOMAIN ||
        g_hash_table_contains(request->live, record->owner))
        return FALSE;
    announced = hostdev_journal_announced(host, &record->device);
    return g_strcmp0(announced, record->token) != 0;
}

/* Whether another process decides about the entry, or has decided since the caller listed the domains. */
static gboolean is_decided_elsewhere(CssHost *host, const HostdevRecord *record, const HostdevReconcile *request)
{
    if (request->must_skip && request->must_skip(&record->device, request->skip_data))
        return TRUE;
    if (hostdev_entry_is_detached(record))
        return TRUE;
    if (record->state == HOSTDEV_CLAIM_RELEASING)
        return FALSE;
    if (request->keep_stale && hostdev_entry_is_stale(host, record))
        return TRUE;
    if (record->state == HOSTDEV_CLAIM_PENDING && !hostdev_entry_is_stale(host, record) &&
        !is_abandoned(host, record, request))
        return TRUE; /* a process is acquiring it */
    if (record->since > request->as_of && record->since <= css_host_clock())
        return TRUE;
    return request->running && record->owner && g_hash_table_contains(request->running, record->owner);
}

/* Starts a report with the entry's present state: a release changes the record. */
static HostdevReconciled begin_report(const HostdevRecord *record)
{
    return (HostdevReconciled){
        .device = record->device,
        .state = record->state,
        .domain = record->owner,
    };
}

static void send_report(const HostdevReconcile *request, HostdevReconciled *report, HostdevReconcileResult result,
                        const GError *why)
{
    static GMutex lock; /* several threads work on entries */

    report->result = result;
    report->message = why ? why->message : NULL;
    if (!request->report)
        return;
    g_mutex_lock(&lock);
    request->report(report, request->report_data);
    g_mutex_unlock(&lock);
}

static gboolean note_owner(CssHost *host, HostdevRecord *record, const char *owner, const HostdevReconcile *request,
                           GError **error)
{
    g_autofree char *before = g_strdup(record->owner); /* hostdev_claim_own() frees it; owner may be the same string */
    g_autofree char *after = g_strdup(owner);
    HostdevReconciled report = begin_report(record);

    if (!request->dry_run && !hostdev_claim_own(host, record, after, error))
        return FALSE;
    report.domain = before;
    report.owner = after;
    send_report(request, &report, HOSTDEV_RECONCILE_NOTED, NULL);
    return TRUE;
}

static gboolean release_orphan(CssHost *host, HostdevRecord *record, const HostdevReconcile *request, GError **error)
{
    HostdevReconciled report = begin_report(record);
    HostdevReconcileResult result = HOSTDEV_RECONCILE_RELEASED;
    g_auto(CssVfioGroupFd) group_fd = -1;
    g_autoptr(GError) why = NULL;

    if (hostdev_entry_is_awaited(host, record)) /* QEMU may be about to open it: the attaching process decides */
        return request->dry_run || hostdev_entry_release(host, record, error);
    if (!hostdev_steps_open_group(host, record, request->only_domain ? host->close_timeout_ms : 0, &group_fd, &why))
        result = HOSTDEV_RECONCILE_LEFT;
    else if (!request->dry_run && !hostdev_steps_release_with_group(host, record, group_fd, &why))
        result = HOSTDEV_RECONCILE_FAILED;
    send_report(request, &report, result, why);
    if (result == HOSTDEV_RECONCILE_RELEASED)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean reconcile_entry(CssHost *host, HostdevRecord *record, gconstpointer data, GError **error)
{
    const HostdevReconcile *request = data;
    const char *owner;

    if (is_decided_elsewhere(host, record, request))
        return TRUE;
    owner = request->live ? live_owner(request->live, record) : NULL;
    if (owner && record->state == HOSTDEV_CLAIM_OWNED && hostdev_entry_is_of(record, owner))
        return TRUE;
    if (owner && hostdev_entry_has_mdev(host, record))
        return note_owner(host, record, owner, request, error);
    return release_orphan(host, record, request, error);
}

/* Called without the lock: a device that another process acquires slowly must not delay the others. */
static gboolean is_skipped(CssHost *host, const HostdevRecord *record, gconstpointer data)
{
    return is_decided_elsewhere(host, record, data);
}

gboolean hostdev_reconcile(CssHost *host, const HostdevReconcile *request, GError **error)
{
    if (request->only_device)
        return hostdev_entry_do(host, request->only_device, request->only_domain, reconcile_entry, request, error);
    return hostdev_entries_do(host, request->only_domain, is_skipped, reconcile_entry, request, error);
}

gboolean hostdev_has_stale(CssHost *host)
{
    g_autoptr(GArray) ids = hostdev_journal_list(host);
    gboolean stale = FALSE;

    for (guint i = 0; i < ids->len && !stale; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        g_autoptr(HostdevRecord) record = NULL;

        /* Without the device's lock: its holder may wait for the kernel. The journal replaces an entry atomically. */
        stale = hostdev_journal_load(host, id, &record, NULL) && record && hostdev_entry_is_stale(host, record);
    }
    return stale;
}
