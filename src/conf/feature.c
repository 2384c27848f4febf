/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/feature.h"

#include <string.h>

#include "conf/hostdev.h"

static gboolean parse_state(const char *text, ConfMapCss *ret_state)
{
    if (g_strcmp0(text, "on") == 0)
        *ret_state = CONF_MAP_CSS_ON;
    else if (g_strcmp0(text, "off") == 0)
        *ret_state = CONF_MAP_CSS_OFF;
    else
        return FALSE;
    return TRUE;
}

static gboolean is_carrier(const ConfXml *xml, const ConfXmlElement *node)
{
    return conf_xml_is_in(xml, node, CONF_NAMESPACE, "s390-map-css") ||
           conf_xml_is_in(xml, node, CONF_NAMESPACE_BEFORE_1_0, "s390-map-css");
}

/* A carrier has a state and nothing else. The first one counts. */
static void find_carrier(const ConfXml *xml, const ConfXmlElement *domain, ConfFeature *feature)
{
    const ConfXmlElement *metadata = conf_xml_child(domain, "metadata");
    const ConfXmlElement *node = metadata ? conf_xml_first_element(metadata) : NULL;

    while (node && !is_carrier(xml, node))
        node = conf_xml_next_element(node);
    if (node && conf_xml_attr_count(node) == 1 && conf_xml_is_empty(node)) {
        g_autofree char *state = conf_xml_get(node, "state");

        if (parse_state(state, &feature->state))
            feature->carrier = node;
    }
}

/* Ignores comments and processing instructions. */
static gboolean has_content(const ConfXmlElement *node)
{
    g_autofree char *text = conf_xml_content(node);

    return conf_xml_first_element(node) || *g_strstrip(text);
}

static gboolean read_feature(const ConfXml *xml, const ConfXmlElement *node, ConfFeature *feature, GError **error)
{
    g_autofree char *state = conf_xml_get(node, "state");

    if (feature->feature) {
        conf_set_invalid(xml, node, error, "<s390-map-css> is given twice in <features>: keep one");
        return FALSE;
    }
    if (!state) {
        conf_set_invalid(xml, node, error, "<s390-map-css> in <features> has no state: give state='on' or state='off'");
        return FALSE;
    }
    if (!parse_state(state, &feature->state)) {
        g_autofree char *shown = conf_excerpt(state);

        conf_set_invalid(xml, node, error, "state='%s' of <s390-map-css> in <features> is unknown: give on or off",
                         shown);
        return FALSE;
    }
    if (conf_xml_attr_count(node) > 1 || has_content(node)) {
        conf_set_invalid(xml, node, error,
                         "<s390-map-css> in <features> takes the attribute state and nothing else: remove the rest");
        return FALSE;
    }
    feature->feature = node;
    return TRUE;
}

gboolean conf_feature_read(const ConfXml *xml, const ConfXmlElement *domain, ConfFeature *ret_feature, GError **error)
{
    ConfFeature feature = { .state = CONF_MAP_CSS_ABSENT };

    find_carrier(xml, domain, &feature);
    for (const ConfXmlElement *list = conf_xml_child(domain, "features"); list; list = conf_xml_next(list, "features"))
        for (const ConfXmlElement *n = conf_xml_child(list, "s390-map-css"); n; n = conf_xml_next(n, "s390-map-css"))
            if (!read_feature(xml, n, &feature, error))
                return FALSE;
    if (feature.feature && feature.carrier) {
        conf_set_invalid(xml, feature.feature, error,
                         "<s390-map-css> is given in <features> and in <metadata>: remove the one in <metadata>");
        return FALSE;
    }
    *ret_feature = feature;
    return TRUE;
}
