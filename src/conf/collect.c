/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects the ccw devices of a document. */
#include "conf/feature.h"
#include "conf/find.h"
#include "conf/hostdev.h"

gboolean conf_xml_is_hostdev(ConfXml *xml)
{
    g_autoptr(GPtrArray) hostdevs = conf_find_hostdevs(xml, NULL);

    return hostdevs->len > 0;
}

static gboolean collect_hostdevs(ConfXml *xml, const ConfXmlElement *domain, GArray *devices, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = conf_find_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        ConfHostdevNode node;

        if (!conf_hostdev_read(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        if (node.form != CONF_HOSTDEV_OTHER)
            g_array_append_val(devices, node.dev);
    }
    return TRUE;
}

GArray *conf_collect_xml(ConfXml *xml, ConfMapCss *ret_map_css, GError **error)
{
    g_autoptr(GArray) devices = NULL;
    g_autoptr(GPtrArray) domains = NULL;
    ConfMapCss map = CONF_MAP_CSS_ABSENT;

    devices = g_array_new(FALSE, FALSE, sizeof(ConfHostdev));
    domains = conf_find_domains(xml);
    for (guint i = 0; i < domains->len; i++) {
        ConfFeature feature;

        if (!conf_feature_read(xml, domains->pdata[i], &feature, error) ||
            !collect_hostdevs(xml, domains->pdata[i], devices, error))
            return NULL;
        if (i == 0)
            map = feature.state;
    }
    if (!collect_hostdevs(xml, NULL, devices, error))
        return NULL;
    if (ret_map_css)
        *ret_map_css = map;
    return g_steal_pointer(&devices);
}

GArray *conf_collect(const char *text, ConfMapCss *ret_map_css, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);

    return xml ? conf_collect_xml(xml, ret_map_css, error) : NULL;
}
