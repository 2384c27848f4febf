/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/node-name.h"

#include <string.h>

static const char *const prefixes[] = {
    [CONF_NODE_CCW] = "ccw_",
    [CONF_NODE_CSS] = "css_",
};

gboolean conf_node_name_parse(const char *name, ConfNodeKind *ret_kind, CcwBusId *ret_id)
{
    for (guint kind = 0; kind < G_N_ELEMENTS(prefixes); kind++) {
        g_autofree char *bus_id = NULL;
        g_autofree char *canonical = NULL;
        CcwBusId id;

        if (strncmp(name, prefixes[kind], strlen(prefixes[kind])) != 0)
            continue;
        bus_id = g_strdup(name + strlen(prefixes[kind]));
        if (strchr(bus_id, '.'))
            return FALSE;
        g_strdelimit(bus_id, "_", '.');
        if (!ccw_bus_id_parse(bus_id, &id, NULL))
            return FALSE;
        canonical = conf_node_name_format(kind, &id);
        if (strcmp(canonical, name) != 0)
            return FALSE;
        *ret_kind = kind;
        *ret_id = id;
        return TRUE;
    }
    return FALSE;
}

gboolean conf_device_name_parse(const char *text, ConfNodeKind *ret_kind, CcwBusId *ret_id, GError **error)
{
    if (conf_node_name_parse(text, ret_kind, ret_id))
        return TRUE;
    if (!ccw_bus_id_read(text, ret_id, error))
        return FALSE;
    *ret_kind = CONF_NODE_CCW;
    return TRUE;
}

char *conf_node_name_format(ConfNodeKind kind, const CcwBusId *id)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *bus_id = g_strdup(ccw_bus_id_format(id, buf));

    return g_strconcat(prefixes[kind], g_strdelimit(bus_id, ".", '_'), NULL);
}
