/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-keeper.h"

#include <string.h>
#include <unistd.h>

#include "conf/ccw-conf.h"

typedef struct {
    char *domain_uuid;
    CcwBusId id;
} Held;

struct _CcwKeeper {
    CcwHost *host;
    char *token;
    GMutex lock;     /* never held across a call to libvirt; held while devices are given back by level */
    GArray *held;    /* of Held, one for each attach and device */
    gint generation; /* atomic; changes under the lock */
};

static void held_clear(gpointer data)
{
    Held *held = data;

    g_free(held->domain_uuid);
}

CcwKeeper *ccw_keeper_new(CcwHost *host)
{
    CcwKeeper *keeper = g_new0(CcwKeeper, 1);

    keeper->host = host;
    keeper->token = ccw_host_token(host, getpid());
    g_mutex_init(&keeper->lock);
    keeper->held = g_array_new(FALSE, TRUE, sizeof(Held));
    g_array_set_clear_func(keeper->held, held_clear);
    return keeper;
}

void ccw_keeper_free(CcwKeeper *keeper)
{
    ccw_host_free(keeper->host);
    g_free(keeper->token);
    g_mutex_clear(&keeper->lock);
    g_array_unref(keeper->held);
    g_free(keeper);
}

void ccw_keeper_hold(CcwKeeper *keeper, const char *domain_uuid, GArray *ids)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keeper->lock);

    for (guint i = 0; i < ids->len; i++) {
        Held held = { g_strdup(domain_uuid), g_array_index(ids, CcwBusId, i) };

        g_array_append_val(keeper->held, held);
    }
}

static void drop_one(CcwKeeper *keeper, const char *domain_uuid, const CcwBusId *id)
{
    for (guint i = 0; i < keeper->held->len; i++) {
        const Held *held = &g_array_index(keeper->held, Held, i);

        if (ccw_bus_id_equal(&held->id, id) && strcmp(held->domain_uuid, domain_uuid) == 0) {
            g_array_remove_index_fast(keeper->held, i);
            return;
        }
    }
}

void ccw_keeper_drop(CcwKeeper *keeper, const char *domain_uuid, GArray *ids, gboolean attached)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keeper->lock);

    for (guint i = 0; i < ids->len; i++)
        drop_one(keeper, domain_uuid, &g_array_index(ids, CcwBusId, i));
    if (attached)
        g_atomic_int_inc(&keeper->generation);
}

gboolean ccw_keeper_load_modules(CcwKeeper *keeper, GError **error)
{
    return ccw_host_load_modules(keeper->host, error);
}

gboolean ccw_keeper_claim(CcwKeeper *keeper, const CcwBusId *id, const char *domain_uuid, gboolean *ret_taken,
                          GError **error)
{
    return ccw_host_claim(keeper->host, id, domain_uuid, keeper->token, ret_taken, error);
}

gboolean ccw_keeper_confirm(CcwKeeper *keeper, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return ccw_host_confirm(keeper->host, id, domain_uuid, error);
}

gboolean ccw_keeper_release(CcwKeeper *keeper, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    return ccw_host_release(keeper->host, id, domain_uuid, error);
}

struct _CcwLive {
    GHashTable *domains; /* UUID -> set of CcwBusId */
    gint64 as_of;        /* ccw_host_clock() */
    gint generation;
};

CcwLive *ccw_live_new(CcwKeeper *keeper)
{
    CcwLive *live = g_new0(CcwLive, 1);

    live->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    live->as_of = ccw_host_clock();
    live->generation = g_atomic_int_get(&keeper->generation);
    return live;
}

void ccw_live_free(CcwLive *live)
{
    g_hash_table_unref(live->domains);
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

gboolean ccw_live_add(CcwLive *live, const char *domain_uuid, const char *xml, GError **error)
{
    CcwMapCss map;
    g_autoptr(GArray) hostdevs = ccw_conf_collect(xml, &map, error);
    GHashTable *devices;

    if (!hostdevs)
        return FALSE;
    devices = devices_of(live, domain_uuid);
    for (guint i = 0; i < hostdevs->len; i++) {
        const CcwBusId *id = &g_array_index(hostdevs, CcwHostdev, i).source;

        g_hash_table_add(devices, g_memdup2(id, sizeof(*id)));
    }
    return TRUE;
}

gboolean ccw_keeper_reconcile(CcwKeeper *keeper, CcwLive *live, const char *only_domain, gboolean *ret_stale,
                              GError **error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&keeper->lock);

    if (g_atomic_int_get(&keeper->generation) != live->generation) {
        *ret_stale = TRUE;
        return TRUE;
    }
    for (guint i = 0; i < keeper->held->len; i++) {
        const Held *held = &g_array_index(keeper->held, Held, i);

        g_hash_table_add(devices_of(live, held->domain_uuid), g_memdup2(&held->id, sizeof(held->id)));
    }
    if (!ccw_host_reconcile(keeper->host, live->domains, live->as_of, only_domain, error))
        return FALSE;
    *ret_stale = FALSE;
    return TRUE;
}
