/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domain has a device: claim, confirm, release, and reconcile. Decisions only; ccw-steps.c does the writes,
 * ccw-journal.c keeps the records. Each function holds the lock of one device at a time.
 */
#include <string.h>

#include "conf/ccw-uuid.h"
#include "node_device/ccw-claim.h"
#include "node_device/ccw-host-private.h"
#include "node_device/ccw-in-use.h"
#include "node_device/ccw-journal.h"
#include "node_device/ccw-side-by-side.h"
#include "node_device/ccw-steps.h"
#include "util/ccw-error.h"

static gboolean same_domain(const CcwRecord *record, const char *domain_uuid)
{
    return record->domain && g_ascii_strcasecmp(record->domain, domain_uuid) == 0;
}

static gboolean is_stale(CcwHost *host, const CcwRecord *record)
{
    return record->state == CCW_CLAIM_PENDING && !ccw_token_is_live(host, record->token);
}

/* Without its mdev it is half given back, and no domain has it. */
static gboolean is_complete(CcwHost *host, const CcwRecord *record)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, &record->device, NULL);
    char uuid[CCW_UUID_STR_LEN];

    return device && g_strv_contains((const char *const *)device->mdevs, ccw_uuid_encode(&record->device, uuid));
}

static gboolean is_by_hand(const CcwRecord *record)
{
    return record->state == CCW_CLAIM_OWNED && !record->domain;
}

gboolean ccw_claim_is_whole(CcwHost *host, const CcwRecord *record)
{
    /* Taking by hand is through before the lock is let go: what is pending still was killed in it. */
    return record->state != CCW_CLAIM_RELEASING && (record->domain || is_by_hand(record)) && is_complete(host, record);
}

/* --- claim --- */

typedef enum {
    PRIOR_NONE, /* nothing in the journal (any more): take it */
    PRIOR_HELD, /* this domain has it, or it was detached by hand */
    PRIOR_REFUSED,
} Prior;

gboolean ccw_claim_refuse(CcwHost *host, const CcwRecord *record, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    gboolean stale = is_stale(host, record);

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by domain %s%s",
                ccw_bus_id_format(&record->device, buf), record->domain,
                stale
                    ? ", for which a process took it that has ended: start virtccwd, which settles that, or that domain"
                    : "");
    return FALSE;
}

/* What an entry that is there already means for a claim. The device's lock is held. */
static Prior settle_prior(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                          gboolean *ret_taken, GError **error)
{
    g_autoptr(CcwRecord) record = NULL;

    if (!ccw_journal_load(host, id, &record, error))
        return PRIOR_REFUSED;
    if (!record)
        return PRIOR_NONE;
    if (record->state != CCW_CLAIM_RELEASING && record->domain && !same_domain(record, domain_uuid)) {
        ccw_claim_refuse(host, record, error);
        return PRIOR_REFUSED;
    }
    if (record->state == CCW_CLAIM_PENDING && !record->steps) /* reserved (ccw-claim-all.c); nothing was done to it */
        return ccw_journal_remove(host, id, error) ? PRIOR_NONE : PRIOR_REFUSED;
    /* Half taken, half given back, or its mdev was removed under us: back to the beginning first. */
    if (!ccw_claim_is_whole(host, record))
        return ccw_steps_give_back(host, record, error) ? PRIOR_NONE : PRIOR_REFUSED;

    *ret_taken = is_stale(host, record);
    if (*ret_taken) { /* whose taker ended: this one answers for it from now on */
        g_free(record->token);
        record->token = g_strdup(token);
        record->since = ccw_host_clock();
        if (!ccw_journal_save(host, record, error))
            return PRIOR_REFUSED;
    }
    return PRIOR_HELD;
}

/* *ret_foreign: our mdev is there, made by somebody else. */
static gboolean check_subchannel(CcwHost *host, const CcwHostDevice *device, gboolean *ret_foreign, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    g_autofree char *vfio = ccw_host_path(host, "bus/css/drivers/vfio_ccw");
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", ccw_uuid_encode(&device->bus_id, uuid));

    ccw_bus_id_format(&device->bus_id, buf);
    ccw_bus_id_format(&device->subchannel, sub);
    *ret_foreign = device->mdevs[0] && g_ascii_strcasecmp(device->mdevs[0], uuid) == 0;
    if (*ret_foreign)
        return TRUE;
    if (device->mdevs[0])
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be taken: its subchannel %s holds mediated device %s already", buf, sub,
                    device->mdevs[0]);
    else if (g_file_test(mdev, G_FILE_TEST_EXISTS))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be taken: its mediated device %s is on another subchannel than %s", buf, uuid,
                    sub);
    else if (device->driver && strcmp(device->driver, "io_subchannel") != 0 && strcmp(device->driver, "vfio_ccw") != 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s cannot be taken: its subchannel %s is bound to %s, not to io_subchannel", buf, sub,
                    device->driver);
    else if (!g_file_test(vfio, G_FILE_TEST_IS_DIR))
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s cannot be taken: the kernel module vfio_ccw is not loaded", buf);
    else
        return TRUE;
    return FALSE;
}

CcwRecord *ccw_claim_record(CcwHost *host, const CcwHostDevice *device, const char *domain_uuid, const char *token)
{
    CcwRecord *record = g_new0(CcwRecord, 1);
    char sub[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = ccw_host_path(host, "bus/css/devices/%s", ccw_bus_id_format(&device->subchannel, sub));
    g_autofree char *override = ccw_sysfs_attr(dir, "driver_override");

    record->device = device->bus_id;
    record->subchannel = device->subchannel;
    record->state = CCW_CLAIM_PENDING;
    record->since = ccw_host_clock();
    record->domain = domain_uuid ? g_ascii_strdown(domain_uuid, -1) : NULL;
    record->token = g_strdup(token);
    record->found_online = device->online;
    record->found_driver = g_strdup(device->driver);
    /* An unset one reads "(null)" (drivers/s390/cio/css.c). */
    record->found_override = g_strdup(override && strcmp(override, "(null)") != 0 ? override : "");
    return record;
}

/* Takes it, or leaves all as it was. */
static gboolean take(CcwHost *host, const CcwHostDevice *device, const char *domain_uuid, const char *token,
                     GError **error)
{
    g_autoptr(CcwRecord) record = ccw_claim_record(host, device, domain_uuid, token);
    g_autoptr(GError) take_error = NULL;
    g_autoptr(GError) back_error = NULL;

    if (ccw_steps_take(host, record, &take_error))
        return TRUE;
    if (ccw_steps_give_back(host, record, &back_error))
        g_propagate_error(error, g_steal_pointer(&take_error));
    else
        g_set_error(error, take_error->domain, take_error->code,
                    "%s; bringing it back failed as well (%s) and will be "
                    "tried again when the device is used next",
                    take_error->message, back_error->message);
    return FALSE;
}

gboolean ccw_claim_take(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);
    gboolean foreign;

    if (!device || !check_subchannel(host, device, &foreign, error))
        return FALSE;
    if (!foreign && (!ccw_in_use_check(host, device, error) || !take(host, device, domain_uuid, token, error)))
        return FALSE;
    *ret_taken = !foreign;
    return TRUE;
}

gboolean ccw_claim_lock(CcwHost *host, const CcwBusId *id, CcwLockFd *ret_lock, GError **error)
{
    int lock;

    if (!ccw_journal_has(host, id)) { /* no lock file for what is not there */
        g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);

        if (!device)
            return FALSE;
    }
    lock = ccw_journal_lock(host, id, error);
    if (lock < 0)
        return FALSE;
    *ret_lock = lock;
    return TRUE;
}

gboolean ccw_claim_check_arguments(const char *domain_uuid, const char *token, GError **error)
{
    if (domain_uuid && g_uuid_string_is_valid(domain_uuid) && token)
        return TRUE;
    if (token)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is no domain UUID", domain_uuid ? domain_uuid : "");
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "the process that a device was to be taken for has ended");
    return FALSE;
}

gboolean ccw_host_claim(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error)
{
    g_auto(CcwLockFd) lock = -1;
    gboolean taken = FALSE;
    Prior prior;

    if (!ccw_claim_check_arguments(domain_uuid, token, error) || !ccw_claim_lock(host, id, &lock, error))
        return FALSE;
    prior = settle_prior(host, id, domain_uuid, token, &taken, error);
    if (prior == PRIOR_REFUSED)
        return FALSE;
    if (prior == PRIOR_NONE && !ccw_claim_take(host, id, domain_uuid, token, &taken, error))
        return FALSE;
    *ret_taken = taken;
    return TRUE;
}

/* --- confirm, release, reconcile: what happens to an entry of the journal, and to all of them --- */

typedef struct {
    const char *only_domain; /* its entries only; or NULL */
    const char *domain_uuid; /* who has the device */
    const char *token;
    GHashTable *live; /* of ccw_host_reconcile, as are the others */
    GHashTable *held;
    gint64 as_of;
} Request;

typedef gboolean (*EntryFunc)(CcwHost *host, CcwRecord *record, const Request *request, GError **error);

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

static gboolean confirm_entry(CcwHost *host, CcwRecord *record, const Request *request, GError **error)
{
    gboolean same = same_domain(record, request->domain_uuid);

    if ((record->state == CCW_CLAIM_OWNED && same) || is_by_hand(record))
        return TRUE;
    if (!is_complete(host, record) && !(same && record->state == CCW_CLAIM_PENDING))
        return TRUE;
    return ccw_claim_own(host, record, request->domain_uuid, error);
}

static gboolean confirm_own_entry(CcwHost *host, CcwRecord *record, const Request *request G_GNUC_UNUSED,
                                  GError **error)
{
    return record->state != CCW_CLAIM_PENDING || ccw_claim_own(host, record, record->domain, error);
}

/* libvirt may be about to give its mdev to another domain: then whoever asked for that decides. */
static gboolean give_back(CcwHost *host, CcwRecord *record, GError **error)
{
    g_autofree char *token = ccw_journal_announced(host, &record->device);

    if (!token || !record->domain || !ccw_token_is_live(host, token) || !is_complete(host, record))
        return ccw_steps_give_back(host, record, error);
    g_free(record->token);
    record->token = g_steal_pointer(&token);
    record->state = CCW_CLAIM_PENDING;
    record->since = ccw_host_clock();
    return ccw_journal_save(host, record, error);
}

static gboolean release_entry(CcwHost *host, CcwRecord *record, const Request *request G_GNUC_UNUSED, GError **error)
{
    return give_back(host, record, error);
}

static gboolean is_claim_of(const CcwRecord *record, const Request *request)
{
    return record->state == CCW_CLAIM_PENDING && record->domain && strcmp(record->token, request->token) == 0;
}

static gboolean roll_back_entry(CcwHost *host, CcwRecord *record, const Request *request, GError **error)
{
    return !is_claim_of(record, request) || ccw_steps_give_back(host, record, error);
}

static gboolean leave_open_entry(CcwHost *host, CcwRecord *record, const Request *request, GError **error)
{
    return !is_claim_of(record, request) || ccw_claim_own(host, record, record->domain, error);
}

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

static gboolean reconcile_entry(CcwHost *host, CcwRecord *record, const Request *request, GError **error)
{
    const char *owner;

    if (request->held && g_hash_table_contains(request->held, &record->device))
        return TRUE;
    if (record->state == CCW_CLAIM_PENDING && !is_stale(host, record))
        return TRUE; /* somebody is at it */
    if (is_by_hand(record))
        return TRUE;
    if (record->state != CCW_CLAIM_RELEASING && record->since > request->as_of && record->since <= ccw_host_clock())
        return TRUE; /* younger than live; the journal of an earlier boot is not */
    owner = live_owner(request->live, record);
    if (owner && record->state == CCW_CLAIM_OWNED && same_domain(record, owner))
        return TRUE;
    if (owner && is_complete(host, record))
        return ccw_claim_own(host, record, owner, error);
    return give_back(host, record, error);
}

static gboolean for_entry(CcwHost *host, const CcwBusId *id, EntryFunc func, const Request *request, GError **error)
{
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwLockFd) lock = -1;

    if (!ccw_journal_has(host, id))
        return TRUE;
    lock = ccw_journal_lock(host, id, error);
    if (lock < 0 || !ccw_journal_load(host, id, &record, error))
        return FALSE;
    if (!record || (request->only_domain && !same_domain(record, request->only_domain)))
        return TRUE;
    return func(host, record, request, error);
}

typedef struct {
    CcwHost *host;
    EntryFunc func;
    const Request *request;
    GArray *ids;
    GError **errors; /* one an id */
} Entries;

static void for_nth_entry(guint index, gpointer data)
{
    Entries *entries = data;
    const CcwBusId *id = &g_array_index(entries->ids, CcwBusId, entries->ids->len - 1 - index);

    for_entry(entries->host, id, entries->func, entries->request, &entries->errors[index]);
}

/* All are tried, the last first, side by side; the first error is told. */
static gboolean for_each_entry(CcwHost *host, EntryFunc func, const Request *request, GError **error)
{
    g_autoptr(GArray) ids = ccw_journal_list(host);
    g_autofree GError **errors = g_new0(GError *, ids->len + 1);
    Entries entries = { host, func, request, ids, errors };
    g_autoptr(GError) first = NULL;

    ccw_side_by_side(ids->len, host->side_by_side, for_nth_entry, &entries);
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

gboolean ccw_host_confirm(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return for_entry(host, id, confirm_entry, &(Request){ .domain_uuid = domain_uuid }, error);
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
    return for_entry(host, id, roll_back_entry, &(Request){ .token = token }, error);
}

gboolean ccw_host_leave_open(CcwHost *host, const CcwBusId *id, const char *token, GError **error)
{
    return for_entry(host, id, leave_open_entry, &(Request){ .token = token }, error);
}

gboolean ccw_host_release(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return for_entry(host, id, release_entry, &(Request){ .only_domain = domain_uuid }, error);
}

gboolean ccw_host_confirm_domain(CcwHost *host, const char *domain_uuid, GError **error)
{
    return for_each_entry(host, confirm_own_entry, &(Request){ .only_domain = domain_uuid }, error);
}

gboolean ccw_host_release_domain(CcwHost *host, const char *domain_uuid, GError **error)
{
    return for_each_entry(host, release_entry, &(Request){ .only_domain = domain_uuid }, error);
}

gboolean ccw_host_has_stale(CcwHost *host)
{
    g_autoptr(GArray) ids = ccw_journal_list(host);
    gboolean stale = FALSE;

    for (guint i = 0; i < ids->len && !stale; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        g_auto(CcwLockFd) lock = ccw_journal_lock(host, id, NULL);
        g_autoptr(CcwRecord) record = NULL;

        stale = lock >= 0 && ccw_journal_load(host, id, &record, NULL) && record && is_stale(host, record);
    }
    return stale;
}

gboolean ccw_host_reconcile(CcwHost *host, GHashTable *live, GHashTable *held, gint64 as_of, const char *only_domain,
                            GError **error)
{
    Request request = { .only_domain = only_domain, .live = live, .held = held, .as_of = as_of };

    return for_each_entry(host, reconcile_entry, &request, error);
}
