/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-keeper.h"
#include "css/device.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/release.h"
#include "hostdev/token.h"
#include "hostdev/unmanaged.h"
#include "node_device/node-detach.h"

#include <unistd.h>

#include "conf/ccw-conf.h"
#include "remote/ccw-log.h"
#include "remote/ccw-report.h"
#include "util/ccw-error.h"

#define NAMES_MAX 1024

struct _CcwKeeper {
    CcwHost *host;
    char *token;
    GMutex lock;       /* of what follows, for the time of the bookkeeping */
    GHashTable *held;  /* CcwBusId -> number of attaches, and of clients that detach, reattach or reset it */
    GHashTable *busy;  /* CcwBusId -> Deed */
    GHashTable *names; /* UUID -> the name of a domain that libvirt has told of */
    GCond idle;        /* a device is not busy any more */
    gboolean skipped;  /* something was held when devices were given back by level */
    gint generation;   /* atomic; changes under the lock */
};

/* What a device is busy with. */
typedef enum {
    DEED_NONE,
    DEED_SETTLE,
    DEED_BY_HAND,
} Deed;

CcwKeeper *ccw_keeper_new(CcwHost *host)
{
    CcwKeeper *keeper = g_new0(CcwKeeper, 1);

    keeper->host = host;
    keeper->token = ccw_host_token(host, getpid());
    g_mutex_init(&keeper->lock);
    keeper->held = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    keeper->busy = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    keeper->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_cond_init(&keeper->idle);
    return keeper;
}

void ccw_keeper_free(CcwKeeper *keeper)
{
    ccw_host_free(keeper->host);
    g_free(keeper->token);
    g_mutex_clear(&keeper->lock);
    g_cond_clear(&keeper->idle);
    g_hash_table_unref(keeper->held);
    g_hash_table_unref(keeper->busy);
    g_hash_table_unref(keeper->names);
    g_free(keeper);
}

/* Returns how many hold it then. */
static guint count_held(CcwKeeper *keeper, const CcwBusId *id, gint difference)
{
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(keeper->held, id)) + (guint)difference;

    if (count)
        g_hash_table_replace(keeper->held, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(keeper->held, id);
    return count;
}

/* The lock is held. */
static Deed deed_of(CcwKeeper *keeper, const CcwBusId *id)
{
    return (Deed)GPOINTER_TO_UINT(g_hash_table_lookup(keeper->busy, id));
}

static void set_busy(CcwKeeper *keeper, const CcwBusId *id, Deed deed)
{
    if (deed == DEED_NONE)
        g_hash_table_remove(keeper->busy, id);
    else
        g_hash_table_replace(keeper->busy, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(deed));
    g_cond_broadcast(&keeper->idle);
}

static void announce(CcwKeeper *keeper, const CcwBusId *id)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;

    if (keeper->token && !ccw_host_announce(keeper->host, id, keeper->token, &error))
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "cannot announce an attach to other processes: %s",
                        error->message);
}

void ccw_keeper_hold(CcwKeeper *keeper, GArray *ids)
{
    g_mutex_lock(&keeper->lock);
    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);

        while (deed_of(keeper, id) != DEED_NONE)
            g_cond_wait(&keeper->idle, &keeper->lock);
        count_held(keeper, id, 1);
    }
    g_mutex_unlock(&keeper->lock);
    for (guint i = 0; i < ids->len; i++) /* may wait */
        announce(keeper, &g_array_index(ids, CcwBusId, i));
}

/*
 * The last attach withdraws the announcement: before it rolls back, so that it also rolls back what other processes
 * leave to it until then; but after the journal names the domain, so that no process gives the device back in between.
 */
static gboolean settle_one(CcwKeeper *keeper, const char *domain_uuid, const CcwBusId *id, gboolean last,
                           CcwAttachResult result, GError **error)
{
    gboolean done = TRUE;

    if (result == CCW_ATTACH_LIVE)
        done = ccw_host_confirm(keeper->host, id, domain_uuid, error);
    else if (result == CCW_ATTACH_UNKNOWN)
        done = ccw_host_leave_open(keeper->host, id, keeper->token, error);
    if (last)
        ccw_host_withdraw(keeper->host, id);
    if (!done)
        return FALSE;
    if (result == CCW_ATTACH_UNKNOWN)
        return ccw_host_leave_open(keeper->host, id, keeper->token, error);
    return result == CCW_ATTACH_LIVE || !last || ccw_host_roll_back(keeper->host, id, keeper->token, error);
}

/* Waits until no other thread works on the device. Returns whether this attach is the last that holds it. */
static gboolean begin_settling(CcwKeeper *keeper, const CcwBusId *id)
{
    gboolean last;

    g_mutex_lock(&keeper->lock);
    while (deed_of(keeper, id) != DEED_NONE)
        g_cond_wait(&keeper->idle, &keeper->lock);
    set_busy(keeper, id, DEED_SETTLE);
    last = count_held(keeper, id, 0) == 1;
    g_mutex_unlock(&keeper->lock);
    return last;
}

/* At once: an older live XML is stale, and the device is held no more. */
static void end_settling(CcwKeeper *keeper, const CcwBusId *id, CcwAttachResult result)
{
    g_mutex_lock(&keeper->lock);
    if (result != CCW_ATTACH_NONE)
        g_atomic_int_inc(&keeper->generation);
    count_held(keeper, id, -1);
    set_busy(keeper, id, DEED_NONE);
    g_mutex_unlock(&keeper->lock);
}

/* Whether something was left alone since this was asked before. */
static gboolean take_skipped(CcwKeeper *keeper)
{
    gboolean skipped;

    g_mutex_lock(&keeper->lock);
    skipped = keeper->skipped;
    keeper->skipped = FALSE;
    g_mutex_unlock(&keeper->lock);
    return skipped;
}

gboolean ccw_keeper_settle(CcwKeeper *keeper, const char *domain_uuid, GArray *ids, CcwAttachResult result)
{
    gboolean look = result == CCW_ATTACH_UNKNOWN;

    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        gboolean last = begin_settling(keeper, id);
        g_autoptr(GError) error = NULL;

        if (!settle_one(keeper, domain_uuid, id, last, result, &error)) {
            g_warning("after an attach to domain %s: %s", domain_uuid, error->message);
            look = TRUE; /* and try again */
        }
        end_settling(keeper, id, result);
    }
    return take_skipped(keeper) || look;
}

gboolean ccw_keeper_load_modules(CcwKeeper *keeper, GError **error)
{
    return ccw_host_load_modules(keeper->host, error);
}

gboolean ccw_keeper_claim(CcwKeeper *keeper, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    gboolean taken; /* who gives it back is decided in the end, by ccw_keeper_settle */

    return ccw_host_claim(keeper->host, id, domain_uuid, keeper->token, &taken, error);
}

void ccw_keeper_refuse_unmanaged(CcwKeeper *keeper, const CcwBusId *id, GError **error)
{
    ccw_host_refuse_unmanaged(keeper->host, id, error);
}

struct _CcwLive {
    GHashTable *domains; /* UUID -> set of CcwBusId */
    GHashTable *names;   /* UUID -> name */
    GHashTable *unknown; /* set of UUID */
    gboolean keep_stale; /* as in CcwReconcile */
    gint64 as_of;        /* ccw_host_clock() */
    gint generation;
};

CcwLive *ccw_live_new(CcwKeeper *keeper)
{
    CcwLive *live = g_new0(CcwLive, 1);

    live->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    live->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    live->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    live->as_of = ccw_host_clock();
    live->generation = g_atomic_int_get(&keeper->generation);
    return live;
}

void ccw_live_free(CcwLive *live)
{
    g_hash_table_unref(live->domains);
    g_hash_table_unref(live->names);
    g_hash_table_unref(live->unknown);
    g_free(live);
}

static GHashTable *devices_of(CcwLive *live, const char *domain_uuid)
{
    GHashTable *devices = g_hash_table_lookup(live->domains, domain_uuid);

    if (!devices) {
        devices = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
        g_hash_table_insert(live->domains, g_strdup(domain_uuid), devices);
    }
    return devices;
}

gboolean ccw_live_add(CcwLive *live, const char *domain_uuid, const char *name, const char *xml, GError **error)
{
    CcwMapCss map;
    g_autoptr(GArray) hostdevs = ccw_conf_collect(xml, &map, error);
    GHashTable *devices;

    if (!hostdevs)
        return FALSE;
    if (name)
        g_hash_table_replace(live->names, g_strdup(domain_uuid), g_strdup(name));
    devices = devices_of(live, domain_uuid);
    for (guint i = 0; i < hostdevs->len; i++) {
        const CcwBusId *id = &g_array_index(hostdevs, CcwHostdev, i).source;

        g_hash_table_add(devices, g_memdup2(id, sizeof(*id)));
    }
    return TRUE;
}

void ccw_live_add_unknown(CcwLive *live, const char *domain_uuid)
{
    g_hash_table_add(live->unknown, g_strdup(domain_uuid));
}

void ccw_live_keep_stale(CcwLive *live)
{
    live->keep_stale = TRUE;
}

gboolean ccw_live_is_complete(const CcwLive *live)
{
    return g_hash_table_size(live->unknown) == 0 && !live->keep_stale;
}

void ccw_live_ask(CcwLive *live, CcwReconcile *request)
{
    request->live = live->domains;
    request->running = live->unknown;
    request->keep_stale = live->keep_stale;
    request->as_of = live->as_of;
}

typedef struct {
    CcwKeeper *keeper;
    const CcwLive *live;
} Level;

/* Called with the device's lock held, which an attach that begins has to take before it comes to libvirt. */
static gboolean is_held(const CcwBusId *id, gpointer data)
{
    const Level *level = data;
    CcwKeeper *keeper = level->keeper;
    gboolean held, stale;

    g_mutex_lock(&keeper->lock);
    held = g_hash_table_contains(keeper->held, id);
    stale = g_atomic_int_get(&keeper->generation) != level->live->generation;
    keeper->skipped = keeper->skipped || held;
    g_mutex_unlock(&keeper->lock);
    return held || stale;
}

void ccw_keeper_note_name(CcwKeeper *keeper, const char *domain_uuid, const char *name)
{
    g_mutex_lock(&keeper->lock);
    if (g_hash_table_size(keeper->names) >= NAMES_MAX) /* domains come and go for ever: names are for the log only */
        g_hash_table_remove_all(keeper->names);
    g_hash_table_replace(keeper->names, g_strdup(domain_uuid), g_strdup(name));
    g_mutex_unlock(&keeper->lock);
}

static char *name_of(const Level *level, const char *domain_uuid)
{
    const char *name = g_hash_table_lookup(level->live->names, domain_uuid);
    char *copy;

    g_mutex_lock(&level->keeper->lock);
    copy = g_strdup(name ? name : g_hash_table_lookup(level->keeper->names, domain_uuid));
    g_mutex_unlock(&level->keeper->lock);
    return copy;
}

static void report(const CcwReconciled *reconciled, gpointer data)
{
    g_autofree char *name = reconciled->domain ? name_of(data, reconciled->domain) : NULL;

    if (reconciled->result == CCW_RECONCILE_GIVEN_BACK)
        ccw_report_release(&reconciled->device, reconciled->domain, name);
}

gboolean ccw_keeper_reconcile(CcwKeeper *keeper, CcwLive *live, const char *only_domain, gboolean *ret_stale,
                              GError **error)
{
    Level level = { .keeper = keeper, .live = live };
    CcwReconcile request = {
        .is_held = is_held,
        .held_data = &level,
        .only_domain = only_domain,
        .report = report,
        .report_data = &level,
    };
    gboolean done = TRUE;

    ccw_live_ask(live, &request);
    if (g_atomic_int_get(&keeper->generation) == live->generation)
        done = ccw_host_reconcile(keeper->host, &request, error);
    *ret_stale = done && g_atomic_int_get(&keeper->generation) != live->generation;
    return done;
}

gboolean ccw_keeper_has_stale(CcwKeeper *keeper)
{
    return ccw_host_has_stale(keeper->host);
}

CcwHostDevice *ccw_keeper_find(CcwKeeper *keeper, CcwNodeKind kind, const CcwBusId *id)
{
    return kind == CCW_NODE_CCW ? ccw_host_lookup(keeper->host, id, NULL)
                                : ccw_host_lookup_subchannel(keeper->host, id, NULL);
}

CcwHostDevice *ccw_keeper_find_bound(CcwKeeper *keeper, const CcwBusId *id)
{
    return ccw_host_lookup_bound(keeper->host, id);
}

GPtrArray *ccw_keeper_list_detached(CcwKeeper *keeper)
{
    return ccw_host_list_detached(keeper->host);
}

/* The name, or else the UUID, of the domain that has it; NULL if no domain has. */
static const char *user_of(CcwLive *live, const CcwBusId *id)
{
    GHashTableIter iter;
    gpointer domain_uuid, devices;
    const char *name;

    g_hash_table_iter_init(&iter, live->domains);
    while (g_hash_table_iter_next(&iter, &domain_uuid, &devices)) {
        if (!g_hash_table_contains(devices, id))
            continue;
        name = g_hash_table_lookup(live->names, domain_uuid);
        return name ? name : domain_uuid;
    }
    return NULL;
}

/* Whether no domain has the device by live, and no other client works on it. The lock is held. */
static gboolean is_free(CcwKeeper *keeper, const CcwBusId *id, CcwLive *live, GError **error)
{
    const char *user = user_of(live, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (user) /* src/hypervisor/virhostdev.c of libvirt, of a PCI device */
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by driver QEMU, domain %s",
                    ccw_bus_id_format(id, buf), user);
    else if (deed_of(keeper, id) == DEED_BY_HAND)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s is in use: another client detaches, reattaches or resets it",
                    ccw_bus_id_format(id, buf));
    else if (g_hash_table_contains(keeper->held, id))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                    ccw_bus_id_format(id, buf));
    else
        return TRUE;
    return FALSE;
}

gboolean ccw_keeper_by_hand(CcwKeeper *keeper, CcwByHandFunc func, const CcwBusId *id, CcwLive *live,
                            gboolean *ret_stale, GError **error)
{
    gboolean done;

    g_mutex_lock(&keeper->lock);
    while (deed_of(keeper, id) == DEED_SETTLE)
        g_cond_wait(&keeper->idle, &keeper->lock);
    *ret_stale = g_atomic_int_get(&keeper->generation) != live->generation;
    done = !*ret_stale && is_free(keeper, id, live, error);
    if (!done) {
        g_mutex_unlock(&keeper->lock);
        return *ret_stale;
    }
    set_busy(keeper, id, DEED_BY_HAND);
    count_held(keeper, id, 1);
    g_mutex_unlock(&keeper->lock);
    done = func(keeper->host, id, live->as_of, ret_stale, error); /* other devices' clients do not wait */
    g_mutex_lock(&keeper->lock);
    count_held(keeper, id, -1);
    set_busy(keeper, id, DEED_NONE);
    g_mutex_unlock(&keeper->lock);
    return done;
}
