/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/reconcile.h"

#include "css/host-private.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"

static gboolean is_live_in(GHashTable *live, const char *domain_uuid, const CcwRecord *record)
{
    GHashTable *devices = g_hash_table_lookup(live, domain_uuid);

    return devices && g_hash_table_contains(devices, &record->device);
}

/* The domain in whose live XML the device is: the journal's own first. NULL: in none. */
static const char *live_owner(GHashTable *live, const CcwRecord *record)
{
    GHashTableIter iter;
    gpointer domain_uuid;

    if (record->domain && is_live_in(live, record->domain, record))
        return record->domain;
    g_hash_table_iter_init(&iter, live);
    while (g_hash_table_iter_next(&iter, &domain_uuid, NULL))
        if (is_live_in(live, domain_uuid, record))
            return domain_uuid;
    return NULL;
}

/*
 * A start took it, and has ended without a word: the hook that had to say it was killed. While a domain starts libvirt
 * lists it as running. Of what an attach or qemu-ccw takes they answer for themselves, as long as they live.
 */
static gboolean is_abandoned(CcwHost *host, const CcwRecord *record, const CcwReconcile *request)
{
    g_autofree char *announced = NULL;

    if (!request->live || request->only_domain || !record->domain ||
        g_str_has_prefix(record->domain, CCW_OWNER_QEMU_CCW) || g_hash_table_contains(request->live, record->domain))
        return FALSE;
    announced = ccw_journal_announced(host, &record->device);
    return g_strcmp0(announced, record->token) != 0;
}

/* Another process decides about the entry, or has decided since the domains were listed. */
static gboolean is_left_alone(CcwHost *host, const CcwRecord *record, const CcwReconcile *request)
{
    if (request->is_held && request->is_held(&record->device, request->held_data))
        return TRUE;
    if (ccw_entry_is_by_hand(record))
        return TRUE;
    if (record->state == CCW_CLAIM_RELEASING)
        return FALSE;
    if (request->keep_stale && ccw_entry_is_stale(host, record))
        return TRUE;
    if (record->state == CCW_CLAIM_PENDING && !ccw_entry_is_stale(host, record) && !is_abandoned(host, record, request))
        return TRUE; /* a process is taking it */
    if (record->since > request->as_of && record->since <= ccw_host_clock())
        return TRUE;
    return request->running && record->domain && g_hash_table_contains(request->running, record->domain);
}

typedef struct {
    CcwReconciled said;
    const CcwReconcile *request;
} Deed;

/* An entry as it was: giving it back changes it. */
static Deed deed_of(const CcwRecord *record, const CcwReconcile *request)
{
    return (Deed){
        .said = { .device = record->device, .state = ccw_claim_state_name(record->state), .domain = record->domain },
        .request = request,
    };
}

/* Returns done. */
static gboolean tell(Deed *deed, gboolean done, CcwReconcileResult result, const GError *why)
{
    static GMutex lock;

    deed->said.result = result;
    deed->said.message = why ? why->message : NULL;
    if (deed->request->report) {
        g_mutex_lock(&lock); /* entries are done side by side */
        deed->request->report(&deed->said, deed->request->report_data);
        g_mutex_unlock(&lock);
    }
    return done;
}

static gboolean note_owner(CcwHost *host, CcwRecord *record, const char *owner, const CcwReconcile *request,
                           GError **error)
{
    g_autofree char *before = g_strdup(record->domain); /* owner may be the same string, which goes */
    g_autofree char *after = g_strdup(owner);
    Deed deed = deed_of(record, request);

    if (!request->dry_run && !ccw_claim_own(host, record, after, error))
        return FALSE;
    deed.said.domain = before;
    deed.said.owner = after;
    return tell(&deed, TRUE, CCW_RECONCILE_NOTED, NULL);
}

static gboolean send_back(CcwHost *host, CcwRecord *record, const CcwReconcile *request, GError **error)
{
    Deed deed = deed_of(record, request);
    g_auto(CcwVfioHold) hold = -1;
    g_autoptr(GError) why = NULL;

    if (ccw_entry_is_awaited(host, record)) /* QEMU may be about to open it: left to the process that attaches it */
        return request->dry_run || ccw_entry_give_back(host, record, error);
    if (!ccw_steps_hold(host, record, request->only_domain ? host->patience_ms : 0, &hold, &why))
        tell(&deed, FALSE, CCW_RECONCILE_LEFT, why);
    else if (request->dry_run || ccw_steps_give_back_held(host, record, hold, &why))
        return tell(&deed, TRUE, CCW_RECONCILE_GIVEN_BACK, NULL);
    else
        tell(&deed, FALSE, CCW_RECONCILE_FAILED, why);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean reconcile_entry(CcwHost *host, CcwRecord *record, gconstpointer data, GError **error)
{
    const CcwReconcile *request = data;
    const char *owner;

    if (is_left_alone(host, record, request))
        return TRUE;
    owner = request->live ? live_owner(request->live, record) : NULL;
    if (owner && record->state == CCW_CLAIM_OWNED && ccw_entry_is_of(record, owner))
        return TRUE;
    if (owner && ccw_entry_has_mdev(host, record))
        return note_owner(host, record, owner, request, error);
    return send_back(host, record, request, error);
}

/* Without the lock: a device that another process takes, for which the kernel may need long, holds up no other. */
static gboolean is_skipped(CcwHost *host, const CcwRecord *record, gconstpointer data)
{
    return is_left_alone(host, record, data);
}

gboolean ccw_host_reconcile(CcwHost *host, const CcwReconcile *request, GError **error)
{
    if (request->only_device)
        return ccw_entry_do(host, request->only_device, request->only_domain, reconcile_entry, request, error);
    return ccw_entries_do(host, request->only_domain, is_skipped, reconcile_entry, request, error);
}

gboolean ccw_host_has_stale(CcwHost *host)
{
    g_autoptr(GArray) ids = ccw_journal_list(host);
    gboolean stale = FALSE;

    for (guint i = 0; i < ids->len && !stale; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        g_autoptr(CcwRecord) record = NULL;

        /* Without the device's lock: it may be held for as long as the kernel takes. An entry is replaced as a whole.
         */
        stale = ccw_journal_load(host, id, &record, NULL) && record && ccw_entry_is_stale(host, record);
    }
    return stale;
}
