/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ccw devices a document has. */
#include "conf/feature.h"
#include "conf/hostdev.h"
#include "conf/walk.h"

gboolean ccw_conf_is_hostdev(const char *text)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, NULL);
    g_autoptr(GPtrArray) hostdevs = xml ? ccw_walk_hostdevs(xml, NULL) : NULL;

    return hostdevs && hostdevs->len > 0;
}

static gboolean collect_hostdevs(CcwXml *xml, const CcwXmlElement *domain, GArray *devices, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = ccw_walk_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        CcwHostdevNode node;

        if (!ccw_hostdev_read(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        if (node.form != CCW_HOSTDEV_OTHER)
            g_array_append_val(devices, node.dev);
    }
    return TRUE;
}

GArray *ccw_conf_collect(const char *text, CcwMapCss *ret_map_css, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    g_autoptr(GArray) devices = NULL;
    g_autoptr(GPtrArray) domains = NULL;
    CcwMapCss map = CCW_MAP_CSS_ABSENT;

    if (!xml)
        return NULL;
    devices = g_array_new(FALSE, FALSE, sizeof(CcwHostdev));
    domains = ccw_walk_domains(xml);
    for (guint i = 0; i < domains->len; i++) {
        CcwFeature feature;

        if (!ccw_feature_read(xml, domains->pdata[i], &feature, error) ||
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
