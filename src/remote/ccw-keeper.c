/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-keeper.h"

#include <unistd.h>

#include "conf/ccw-conf.h"
#include "remote/ccw-log.h"
#include "util/ccw-error.h"

struct _CcwKeeper {
    CcwHost *host;
    char *token;
    GMutex lock;         /* never held across a call to libvirt; held while devices are given back by level */
    GHashTable *held;    /* CcwBusId -> number of attaches, and of those by hand */
    GHashTable *by_hand; /* a set of CcwBusId: what func of ccw_keeper_by_hand() is at */
    GCond by_hand_done;
    gboolean skipped; /* something was held when devices were given back by level */
    gint generation;  /* atomic; changes under the lock */
};

CcwKeeper *ccw_keeper_new(CcwHost *host)
{
    CcwKeeper *keeper = g_new0(CcwKeeper, 1);

    keeper->host = host;
    keeper->token = ccw_host_token(host, getpid());
    g_mutex_init(&keeper->lock);
    keeper->held = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    keeper->by_hand = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    g_cond_init(&keeper->by_hand_done);
    return keeper;
}

void ccw_keeper_free(CcwKeeper *keeper)
{
    ccw_host_free(keeper->host);
    g_free(keeper->token);
    g_mutex_clear(&keeper->lock);
    g_cond_clear(&keeper->by_hand_done);
    g_hash_table_unref(keeper->held);
    g_hash_table_unref(keeper->by_hand);
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

static void announce(CcwKeeper *keeper, const CcwBusId *id)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;

    if (keeper->token && !ccw_host_announce(keeper->host, id, keeper->token, &error))
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "an attach goes on unannounced: %s", error->message);
}

void ccw_keeper_hold(CcwKeeper *keeper, GArray *ids)
{
    g_mutex_lock(&keeper->lock);
    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);

        while (g_hash_table_contains(keeper->by_hand, id))
            g_cond_wait(&keeper->by_hand_done, &keeper->lock);
        count_held(keeper, id, 1);
    }
    g_mutex_unlock(&keeper->lock);
    for (guint i = 0; i < ids->len; i++) /* may wait */
        announce(keeper, &g_array_index(ids, CcwBusId, i));
}

/*
 * The last one withdraws: before it rolls back, so that what others leave to it until then is rolled back too; but
 * after the device is noted as the domain's, so that nobody gives it back in between.
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

gboolean ccw_keeper_settle(CcwKeeper *keeper, const char *domain_uuid, GArray *ids, CcwAttachResult result)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keeper->lock);
    gboolean look = keeper->skipped || result == CCW_ATTACH_UNKNOWN;

    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        gboolean last = count_held(keeper, id, -1) == 0;
        g_autoptr(GError) error = NULL;

        if (settle_one(keeper, domain_uuid, id, last, result, &error))
            continue;
        g_warning("after an attach to domain %s: %s", domain_uuid, error->message);
        look = TRUE; /* and try again */
    }
    if (result != CCW_ATTACH_NONE)
        g_atomic_int_inc(&keeper->generation);
    keeper->skipped = FALSE;
    return look;
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
    gint64 as_of;        /* ccw_host_clock() */
    gint generation;
};

CcwLive *ccw_live_new(CcwKeeper *keeper)
{
    CcwLive *live = g_new0(CcwLive, 1);

    live->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    live->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    live->as_of = ccw_host_clock();
    live->generation = g_atomic_int_get(&keeper->generation);
    return live;
}

void ccw_live_free(CcwLive *live)
{
    g_hash_table_unref(live->domains);
    g_hash_table_unref(live->names);
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

void ccw_live_ask(CcwLive *live, CcwReconcile *request)
{
    request->live = live->domains;
    request->as_of = live->as_of;
}

gboolean ccw_keeper_reconcile(CcwKeeper *keeper, CcwLive *live, const char *only_domain, gboolean *ret_stale,
                              GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keeper->lock);
    CcwReconcile request = { .held = keeper->held, .only_domain = only_domain };

    if (g_atomic_int_get(&keeper->generation) != live->generation) {
        *ret_stale = TRUE;
        return TRUE;
    }
    keeper->skipped = keeper->skipped || g_hash_table_size(keeper->held) > 0;
    ccw_live_ask(live, &request);
    if (!ccw_host_reconcile(keeper->host, &request, error))
        return FALSE;
    *ret_stale = FALSE;
    return TRUE;
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

/* The name, or else the UUID, of the domain that has it; NULL: none. */
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

/* Whether it is nobody's, now, and as libvirt says. */
static gboolean is_free(CcwKeeper *keeper, const CcwBusId *id, CcwLive *live, GError **error)
{
    const char *user = user_of(live, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (user) /* src/hypervisor/virhostdev.c of libvirt, of a PCI device */
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by driver QEMU, domain %s",
                    ccw_bus_id_format(id, buf), user);
    else if (g_hash_table_contains(keeper->by_hand, id))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s is in use: somebody else detaches or reattaches it", ccw_bus_id_format(id, buf));
    else if (g_hash_table_contains(keeper->held, id))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                    ccw_bus_id_format(id, buf));
    else
        return TRUE;
    return FALSE;
}

/* A domain that has begun to start with what was detached by hand needs it there; live does not know of it. */
static gboolean do_by_hand(CcwKeeper *keeper, CcwByHandFunc func, const CcwBusId *id, CcwLive *live,
                           gboolean *ret_stale, GError **error)
{
    if (func == ccw_host_reattach)
        return ccw_host_reattach_as_of(keeper->host, id, live->as_of, ret_stale, error);
    return func(keeper->host, id, error);
}

gboolean ccw_keeper_by_hand(CcwKeeper *keeper, CcwByHandFunc func, const CcwBusId *id, CcwLive *live,
                            gboolean *ret_stale, GError **error)
{
    gboolean done;

    g_mutex_lock(&keeper->lock);
    *ret_stale = g_atomic_int_get(&keeper->generation) != live->generation;
    done = !*ret_stale && is_free(keeper, id, live, error);
    if (!done) {
        g_mutex_unlock(&keeper->lock);
        return *ret_stale;
    }
    g_hash_table_add(keeper->by_hand, g_memdup2(id, sizeof(*id)));
    count_held(keeper, id, 1);
    g_mutex_unlock(&keeper->lock);
    done = do_by_hand(keeper, func, id, live, ret_stale, error); /* other devices' clients do not wait */
    g_mutex_lock(&keeper->lock);
    count_held(keeper, id, -1);
    g_hash_table_remove(keeper->by_hand, id);
    g_cond_broadcast(&keeper->by_hand_done);
    g_mutex_unlock(&keeper->lock);
    return done;
}
