/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/ccw-feature.h"

#include <string.h>

#include "conf/ccw-hostdev.h"

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

static gboolean is_carrier(const xmlNode *node)
{
    return node->ns && node->ns->href && strcmp((const char *)node->ns->href, CCW_CONF_NAMESPACE) == 0 &&
           strcmp((const char *)node->name, "s390-map-css") == 0;
}

/* A carrier has a state and nothing else. The first one counts. */
static void find_carrier(const xmlNode *domain, CcwFeature *feature)
{
    const xmlNode *metadata = ccw_xml_child(domain, "metadata");
    xmlNode *node = metadata ? ccw_xml_first_element(metadata) : NULL;

    while (node && !is_carrier(node))
        node = ccw_xml_next_element(node);
    if (node && node->properties && !node->properties->next && !node->children) {
        g_autofree char *state = ccw_xml_get(node, "state");

        if (parse_state(state, &feature->state))
            feature->carrier = node;
    }
}

static gboolean has_content(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type != XML_COMMENT_NODE && child->type != XML_PI_NODE && !xmlIsBlankNode(child))
            return TRUE;
    return FALSE;
}

static gboolean read_feature(const CcwXml *xml, xmlNode *node, CcwFeature *feature, GError **error)
{
    g_autofree char *state = ccw_xml_get(node, "state");
    const xmlAttr *first = node->properties;

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
    if (first->next || has_content(node)) {
        ccw_conf_refuse(xml, node, error,
                        "<s390-map-css> in <features> takes the attribute state and nothing else: remove the rest");
        return FALSE;
    }
    feature->feature = node;
    return TRUE;
}

gboolean ccw_feature_read(const CcwXml *xml, const xmlNode *domain, CcwFeature *ret_feature, GError **error)
{
    CcwFeature feature = { .state = CCW_MAP_CSS_ABSENT };

    find_carrier(domain, &feature);
    for (xmlNode *list = ccw_xml_child(domain, "features"); list; list = ccw_xml_next(list, "features"))
        for (xmlNode *n = ccw_xml_child(list, "s390-map-css"); n; n = ccw_xml_next(n, "s390-map-css"))
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
