/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/feature.h"

#include <string.h>

#include "conf/hostdev.h"

static gboolean parse_state(const char *text, CcwMapCss *ret_state)
{
    if (g_strcmp0(text, "on") == 0)
        *ret_state = CCW_MAP_CSS_ON;
    else if (g_strcmp0(text, "off") == 0)
        *ret_state = CCW_MAP_CSS_OFF;
    else
        return FALSE;
    return TRUE;
}

/* A carrier has a state and nothing else. The first one counts. */
static void find_carrier(const CcwXml *xml, const CcwXmlElement *domain, CcwFeature *feature)
{
    const CcwXmlElement *metadata = ccw_xml_child(domain, "metadata");
    const CcwXmlElement *node = metadata ? ccw_xml_first_element(metadata) : NULL;

    while (node && !ccw_xml_is_in(xml, node, CCW_CONF_NAMESPACE, "s390-map-css"))
        node = ccw_xml_next_element(node);
    if (node && ccw_xml_attr_count(node) == 1 && ccw_xml_is_empty(node)) {
        g_autofree char *state = ccw_xml_get(node, "state");

        if (parse_state(state, &feature->state))
            feature->carrier = node;
    }
}

/* Comments and processing instructions do not count. */
static gboolean has_content(const CcwXmlElement *node)
{
    g_autofree char *text = ccw_xml_content(node);

    return ccw_xml_first_element(node) || *g_strstrip(text);
}

static gboolean read_feature(const CcwXml *xml, const CcwXmlElement *node, CcwFeature *feature, GError **error)
{
    g_autofree char *state = ccw_xml_get(node, "state");

    if (feature->feature) {
        ccw_conf_refuse(xml, node, error, "<s390-map-css> is given twice in <features>: keep one");
        return FALSE;
    }
    if (!state) {
        ccw_conf_refuse(xml, node, error, "<s390-map-css> in <features> has no state: give state='on' or state='off'");
        return FALSE;
    }
    if (!parse_state(state, &feature->state)) {
        g_autofree char *shown = ccw_conf_excerpt(state);

        ccw_conf_refuse(xml, node, error, "state='%s' of <s390-map-css> in <features> is unknown: give on or off",
                        shown);
        return FALSE;
    }
    if (ccw_xml_attr_count(node) > 1 || has_content(node)) {
        ccw_conf_refuse(xml, node, error,
                        "<s390-map-css> in <features> takes the attribute state and nothing else: remove the rest");
        return FALSE;
    }
    feature->feature = node;
    return TRUE;
}

gboolean ccw_feature_read(const CcwXml *xml, const CcwXmlElement *domain, CcwFeature *ret_feature, GError **error)
{
    CcwFeature feature = { .state = CCW_MAP_CSS_ABSENT };

    find_carrier(xml, domain, &feature);
    for (const CcwXmlElement *list = ccw_xml_child(domain, "features"); list; list = ccw_xml_next(list, "features"))
        for (const CcwXmlElement *n = ccw_xml_child(list, "s390-map-css"); n; n = ccw_xml_next(n, "s390-map-css"))
            if (!read_feature(xml, n, &feature, error))
                return FALSE;
    if (feature.feature && feature.carrier) {
        ccw_conf_refuse(xml, feature.feature, error,
                        "<s390-map-css> is given in <features> and in <metadata>: remove the one in <metadata>");
        return FALSE;
    }
    *ret_feature = feature;
    return TRUE;
}
