/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/live.h"

#include "conf/conf.h"

struct _HostdevLive {
    GHashTable *domains; /* UUID -> set of CcwBusId */
    GHashTable *names;   /* UUID -> name */
    GHashTable *unknown; /* set of UUIDs */
    gboolean keep_stale; /* see HostdevReconcile */
    gint64 as_of;        /* css_host_clock() */
    gint generation;
};

HostdevLive *hostdev_live_create(gint generation)
{
    HostdevLive *live = g_new0(HostdevLive, 1);

    live->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    live->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    live->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    live->as_of = css_host_clock();
    live->generation = generation;
    return live;
}

void hostdev_live_free(HostdevLive *live)
{
    g_hash_table_unref(live->domains);
    g_hash_table_unref(live->names);
    g_hash_table_unref(live->unknown);
    g_free(live);
}

static GHashTable *devices_of(HostdevLive *live, const char *domain_uuid)
{
    GHashTable *devices = g_hash_table_lookup(live->domains, domain_uuid);

    if (!devices) {
        devices = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
        g_hash_table_insert(live->domains, g_strdup(domain_uuid), devices);
    }
    return devices;
}

gboolean hostdev_live_add(HostdevLive *live, const char *domain_uuid, const char *name, const char *xml, GError **error)
{
    ConfMapCss map;
    g_autoptr(GArray) hostdevs = conf_collect(xml, &map, error);
    GHashTable *devices;

    if (!hostdevs)
        return FALSE;
    if (name)
        g_hash_table_replace(live->names, g_strdup(domain_uuid), g_strdup(name));
    devices = devices_of(live, domain_uuid);
    for (guint i = 0; i < hostdevs->len; i++) {
        const CcwBusId *id = &g_array_index(hostdevs, ConfHostdev, i).source;

        g_hash_table_add(devices, g_memdup2(id, sizeof(*id)));
    }
    return TRUE;
}

void hostdev_live_add_unknown(HostdevLive *live, const char *domain_uuid)
{
    g_hash_table_add(live->unknown, g_strdup(domain_uuid));
}

void hostdev_live_keep_stale(HostdevLive *live)
{
    live->keep_stale = TRUE;
}

gboolean hostdev_live_is_complete(const HostdevLive *live)
{
    return g_hash_table_size(live->unknown) == 0 && !live->keep_stale;
}

void hostdev_live_ask(HostdevLive *live, HostdevReconcile *request)
{
    request->live = live->domains;
    request->running = live->unknown;
    request->keep_stale = live->keep_stale;
    request->as_of = live->as_of;
}

const char *hostdev_live_user(const HostdevLive *live, const CcwBusId *id)
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

const char *hostdev_live_name(const HostdevLive *live, const char *domain_uuid)
{
    return g_hash_table_lookup(live->names, domain_uuid);
}

gint64 hostdev_live_as_of(const HostdevLive *live)
{
    return live->as_of;
}

gint hostdev_live_generation(const HostdevLive *live)
{
    return live->generation;
}
