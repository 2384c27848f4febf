/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/manager.h"
#include "css/device.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/release.h"
#include "hostdev/token.h"
#include "hostdev/unmanaged.h"

#include <unistd.h>

#include "conf/conf.h"
#include "hostdev/release-log.h"
#include "util/error.h"
#include "util/log.h"

#define NAMES_MAX 1024

struct _CcwManager {
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

CcwManager *ccw_manager_new(CcwHost *host)
{
    CcwManager *manager = g_new0(CcwManager, 1);

    manager->host = host;
    manager->token = ccw_host_token(host, getpid());
    g_mutex_init(&manager->lock);
    manager->held = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    manager->busy = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    manager->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_cond_init(&manager->idle);
    return manager;
}

void ccw_manager_free(CcwManager *manager)
{
    ccw_host_free(manager->host);
    g_free(manager->token);
    g_mutex_clear(&manager->lock);
    g_cond_clear(&manager->idle);
    g_hash_table_unref(manager->held);
    g_hash_table_unref(manager->busy);
    g_hash_table_unref(manager->names);
    g_free(manager);
}

/* Returns how many hold it then. */
static guint count_held(CcwManager *manager, const CcwBusId *id, gint difference)
{
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(manager->held, id)) + (guint)difference;

    if (count)
        g_hash_table_replace(manager->held, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(manager->held, id);
    return count;
}

/* The lock is held. */
static Deed deed_of(CcwManager *manager, const CcwBusId *id)
{
    return (Deed)GPOINTER_TO_UINT(g_hash_table_lookup(manager->busy, id));
}

static void set_busy(CcwManager *manager, const CcwBusId *id, Deed deed)
{
    if (deed == DEED_NONE)
        g_hash_table_remove(manager->busy, id);
    else
        g_hash_table_replace(manager->busy, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(deed));
    g_cond_broadcast(&manager->idle);
}

static void announce(CcwManager *manager, const CcwBusId *id)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;

    if (manager->token && !ccw_host_announce(manager->host, id, manager->token, &error))
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "cannot announce an attach to other processes: %s",
                        error->message);
}

void ccw_manager_hold(CcwManager *manager, GArray *ids)
{
    g_mutex_lock(&manager->lock);
    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);

        while (deed_of(manager, id) != DEED_NONE)
            g_cond_wait(&manager->idle, &manager->lock);
        count_held(manager, id, 1);
    }
    g_mutex_unlock(&manager->lock);
    for (guint i = 0; i < ids->len; i++) /* may wait */
        announce(manager, &g_array_index(ids, CcwBusId, i));
}

/*
 * The last attach withdraws the announcement: before it rolls back, so that it also rolls back what other processes
 * leave to it until then; but after the journal names the domain, so that no process gives the device back in between.
 */
static gboolean settle_one(CcwManager *manager, const char *domain_uuid, const CcwBusId *id, gboolean last,
                           CcwAttachResult result, GError **error)
{
    gboolean done = TRUE;

    if (result == CCW_ATTACH_LIVE)
        done = ccw_host_confirm(manager->host, id, domain_uuid, error);
    else if (result == CCW_ATTACH_UNKNOWN)
        done = ccw_host_leave_open(manager->host, id, manager->token, error);
    if (last)
        ccw_host_withdraw(manager->host, id);
    if (!done)
        return FALSE;
    if (result == CCW_ATTACH_UNKNOWN)
        return ccw_host_leave_open(manager->host, id, manager->token, error);
    return result == CCW_ATTACH_LIVE || !last || ccw_host_roll_back(manager->host, id, manager->token, error);
}

/* Waits until no other thread works on the device. Returns whether this attach is the last that holds it. */
static gboolean begin_settling(CcwManager *manager, const CcwBusId *id)
{
    gboolean last;

    g_mutex_lock(&manager->lock);
    while (deed_of(manager, id) != DEED_NONE)
        g_cond_wait(&manager->idle, &manager->lock);
    set_busy(manager, id, DEED_SETTLE);
    last = count_held(manager, id, 0) == 1;
    g_mutex_unlock(&manager->lock);
    return last;
}

/* At once: an older live XML is stale, and the device is held no more. */
static void end_settling(CcwManager *manager, const CcwBusId *id, CcwAttachResult result)
{
    g_mutex_lock(&manager->lock);
    if (result != CCW_ATTACH_NONE)
        g_atomic_int_inc(&manager->generation);
    count_held(manager, id, -1);
    set_busy(manager, id, DEED_NONE);
    g_mutex_unlock(&manager->lock);
}

/* Whether something was left alone since this was asked before. */
static gboolean take_skipped(CcwManager *manager)
{
    gboolean skipped;

    g_mutex_lock(&manager->lock);
    skipped = manager->skipped;
    manager->skipped = FALSE;
    g_mutex_unlock(&manager->lock);
    return skipped;
}

gboolean ccw_manager_settle(CcwManager *manager, const char *domain_uuid, GArray *ids, CcwAttachResult result)
{
    gboolean look = result == CCW_ATTACH_UNKNOWN;

    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        gboolean last = begin_settling(manager, id);
        g_autoptr(GError) error = NULL;

        if (!settle_one(manager, domain_uuid, id, last, result, &error)) {
            g_warning("after an attach to domain %s: %s", domain_uuid, error->message);
            look = TRUE; /* and try again */
        }
        end_settling(manager, id, result);
    }
    return take_skipped(manager) || look;
}

gboolean ccw_manager_load_modules(CcwManager *manager, GError **error)
{
    return ccw_host_load_modules(manager->host, error);
}

gboolean ccw_manager_claim(CcwManager *manager, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    gboolean taken; /* who gives it back is decided in the end, by ccw_manager_settle */

    return ccw_host_claim(manager->host, id, domain_uuid, manager->token, &taken, error);
}

void ccw_manager_refuse_unmanaged(CcwManager *manager, const CcwBusId *id, GError **error)
{
    ccw_host_refuse_unmanaged(manager->host, id, error);
}

struct _CcwLive {
    GHashTable *domains; /* UUID -> set of CcwBusId */
    GHashTable *names;   /* UUID -> name */
    GHashTable *unknown; /* set of UUID */
    gboolean keep_stale; /* as in CcwReconcile */
    gint64 as_of;        /* ccw_host_clock() */
    gint generation;
};

CcwLive *ccw_live_new(CcwManager *manager)
{
    CcwLive *live = g_new0(CcwLive, 1);

    live->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    live->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    live->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    live->as_of = ccw_host_clock();
    live->generation = g_atomic_int_get(&manager->generation);
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
    CcwManager *manager;
    const CcwLive *live;
} Level;

/* Called with the device's lock held, which an attach that begins has to take before it comes to libvirt. */
static gboolean is_held(const CcwBusId *id, gpointer data)
{
    const Level *level = data;
    CcwManager *manager = level->manager;
    gboolean held, stale;

    g_mutex_lock(&manager->lock);
    held = g_hash_table_contains(manager->held, id);
    stale = g_atomic_int_get(&manager->generation) != level->live->generation;
    manager->skipped = manager->skipped || held;
    g_mutex_unlock(&manager->lock);
    return held || stale;
}

void ccw_manager_note_name(CcwManager *manager, const char *domain_uuid, const char *name)
{
    g_mutex_lock(&manager->lock);
    if (g_hash_table_size(manager->names) >= NAMES_MAX) /* domains come and go for ever: names are for the log only */
        g_hash_table_remove_all(manager->names);
    g_hash_table_replace(manager->names, g_strdup(domain_uuid), g_strdup(name));
    g_mutex_unlock(&manager->lock);
}

static char *name_of(const Level *level, const char *domain_uuid)
{
    const char *name = g_hash_table_lookup(level->live->names, domain_uuid);
    char *copy;

    g_mutex_lock(&level->manager->lock);
    copy = g_strdup(name ? name : g_hash_table_lookup(level->manager->names, domain_uuid));
    g_mutex_unlock(&level->manager->lock);
    return copy;
}

static void report(const CcwReconciled *reconciled, gpointer data)
{
    g_autofree char *name = reconciled->domain ? name_of(data, reconciled->domain) : NULL;

    if (reconciled->result == CCW_RECONCILE_GIVEN_BACK)
        ccw_log_release(&reconciled->device, reconciled->domain, name);
}

gboolean ccw_manager_reconcile(CcwManager *manager, CcwLive *live, const char *only_domain, gboolean *ret_stale,
                               GError **error)
{
    Level level = { .manager = manager, .live = live };
    CcwReconcile request = {
        .is_held = is_held,
        .held_data = &level,
        .only_domain = only_domain,
        .report = report,
        .report_data = &level,
    };
    gboolean done = TRUE;

    ccw_live_ask(live, &request);
    if (g_atomic_int_get(&manager->generation) == live->generation)
        done = ccw_host_reconcile(manager->host, &request, error);
    *ret_stale = done && g_atomic_int_get(&manager->generation) != live->generation;
    return done;
}

gboolean ccw_manager_has_stale(CcwManager *manager)
{
    return ccw_host_has_stale(manager->host);
}

CcwHostDevice *ccw_manager_find(CcwManager *manager, CcwNodeKind kind, const CcwBusId *id)
{
    return kind == CCW_NODE_CCW ? ccw_host_lookup(manager->host, id, NULL)
                                : ccw_host_lookup_subchannel(manager->host, id, NULL);
}

CcwHostDevice *ccw_manager_find_bound(CcwManager *manager, const CcwBusId *id)
{
    return ccw_host_lookup_bound(manager->host, id);
}

GPtrArray *ccw_manager_list_detached(CcwManager *manager)
{
    return ccw_host_list_detached(manager->host);
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
static gboolean is_free(CcwManager *manager, const CcwBusId *id, CcwLive *live, GError **error)
{
    const char *user = user_of(live, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (user) /* src/hypervisor/virhostdev.c of libvirt, of a PCI device */
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by driver QEMU, domain %s",
                    ccw_bus_id_format(id, buf), user);
    else if (deed_of(manager, id) == DEED_BY_HAND)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s is in use: another client detaches, reattaches or resets it",
                    ccw_bus_id_format(id, buf));
    else if (g_hash_table_contains(manager->held, id))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                    ccw_bus_id_format(id, buf));
    else
        return TRUE;
    return FALSE;
}

gboolean ccw_manager_by_hand(CcwManager *manager, CcwByHandFunc func, const CcwBusId *id, CcwLive *live,
                             gboolean *ret_stale, GError **error)
{
    gboolean done;

    g_mutex_lock(&manager->lock);
    while (deed_of(manager, id) == DEED_SETTLE)
        g_cond_wait(&manager->idle, &manager->lock);
    *ret_stale = g_atomic_int_get(&manager->generation) != live->generation;
    done = !*ret_stale && is_free(manager, id, live, error);
    if (!done) {
        g_mutex_unlock(&manager->lock);
        return *ret_stale;
    }
    set_busy(manager, id, DEED_BY_HAND);
    count_held(manager, id, 1);
    g_mutex_unlock(&manager->lock);
    done = func(manager->host, id, live->as_of, ret_stale, error); /* other devices' clients do not wait */
    g_mutex_lock(&manager->lock);
    count_held(manager, id, -1);
    set_busy(manager, id, DEED_NONE);
    g_mutex_unlock(&manager->lock);
    return done;
}
