/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translates users' XML to stock libvirt's. */
#include <string.h>

#include "conf/feature.h"
#include "conf/find.h"
#include "conf/hostdev.h"
#include "conf/loadparm.h"
#include "conf/uuid.h"
#include "conf/xml-chars.h"

/* Whether the text may have anything to lower. A character reference may spell any name. */
static gboolean is_worth_parsing(const char *text)
{
    return strstr(text, "s390-map-css") || (strstr(text, "hostdev") && (strstr(text, "ccw") || strstr(text, "&#")));
}

static void replace_value(ConfXml *xml, const ConfXmlAttr *attr, const char *value)
{
    conf_xml_replace(xml, attr->value, attr->value_end, value);
}

static char quote_of(const ConfXml *xml, const ConfXmlElement *element)
{
    ConfXmlAttr type;

    return conf_xml_attr(element, "type", &type) ? xml->text[type.value - 1] : '\'';
}

/* Adds model after the last attribute, where libvirt writes it. Raise removes it from there, with one blank. */
static void add_model(ConfXml *xml, const ConfHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *model = g_strdup_printf(" model=%cvfio-ccw%c", quote, quote);
    guint32 at = conf_xml_span(node->element)->tag_end - 1;

    while (conf_xml_is_space(xml->text[at - 1]))
        at--;
    conf_xml_insert(xml, at, model);
}

/* Changes <hostdev type='subsystem' subsystem='ccw'> to mode='subsystem' and type. */
static void respell_subsystem(ConfXml *xml, const ConfHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *mode = g_strdup_printf("mode=%csubsystem%c ", quote, quote);
    g_autofree char *model = g_strdup_printf("model=%cvfio-ccw%c", quote, quote);
    ConfXmlAttr attr;

    if (!conf_xml_attr(node->element, "mode", &attr) && conf_xml_attr(node->element, "type", &attr))
        conf_xml_insert(xml, attr.name, mode);
    if (conf_xml_attr(node->element, "subsystem", &attr))
        conf_xml_replace(xml, attr.name, attr.value_end + 1, model);
}

/*
 * Returns the white space between *attr and the n-th attribute of the host address; "" for one blank or no such
 * attribute. Moves *attr to the n-th attribute, if there is one.
 */
static char *gap_to(const ConfXml *xml, const ConfXmlElement *address, guint n, ConfXmlAttr *attr)
{
    guint32 start = attr->value_end + 1;

    if (!conf_xml_attr_nth(address, n, attr) || (attr->name - start == 1 && xml->text[start] == ' '))
        return g_strdup("");
    return g_strndup(xml->text + start, attr->name - start);
}

/*
 * Replaces the host address with a UUID. If more than one blank separates cssid, ssid and devno, that white space goes
 * before and after the '=', where raise finds it.
 */
static void replace_address(ConfXml *xml, const ConfHostdevNode *node)
{
    g_autofree char *gap1 = NULL;
    g_autofree char *gap2 = NULL;
    g_autofree char *with = NULL;
    char uuid[CONF_UUID_STR_LEN];
    ConfXmlAttr attr;
    guint32 start;
    char quote;

    if (!conf_xml_attr_nth(node->address, 0, &attr))
        return;
    start = attr.name;
    quote = xml->text[attr.value - 1];
    gap1 = gap_to(xml, node->address, 1, &attr);
    gap2 = gap_to(xml, node->address, 2, &attr);
    with = g_strdup_printf("uuid%s=%s%c%s%c", gap1, gap2, quote, conf_uuid_encode(&node->dev.source, uuid), quote);
    conf_xml_replace(xml, start, attr.value_end + 1, with);
}

/* The guest's address defaults to the host's, in the default css unless the domain switches s390-map-css off. */
static void add_guest_address(ConfXml *xml, const ConfHostdevNode *node, ConfMapCss map)
{
    guint cssid = map == CONF_MAP_CSS_OFF ? node->dev.source.cssid : CCW_CSSID_VIRTUAL;
    guint32 gap = conf_xml_gap_before(xml, node->source);
    g_autofree char *white = g_strndup(xml->text + gap, conf_xml_span(node->source)->start - gap);
    char q = quote_of(xml, node->element);
    g_autofree char *address = NULL;

    if (conf_xml_child(node->element, "address"))
        return;
    address = g_strdup_printf("%s<address type=%cccw%c cssid=%c0x%x%c ssid=%c0x%x%c devno=%c0x%04x%c/>", white, q, q, q,
                              cssid, q, q, node->dev.source.ssid, q, q, node->dev.source.devno, q);
    conf_xml_insert(xml, conf_xml_span(conf_xml_last_element(node->element))->end, address);
}

/* virt-install uses the UUID that a node device advertises, with managed='no'. */
static void lower_advertised(ConfXml *xml, const ConfHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *managed = g_strdup_printf(" managed=%cyes%c", quote, quote);
    char uuid[CONF_UUID_STR_LEN];
    ConfXmlAttr attr;

    if (conf_xml_attr(node->address, "uuid", &attr))
        replace_value(xml, &attr, conf_uuid_encode(&node->dev.source, uuid));
    if (conf_xml_attr(node->element, "managed", &attr))
        replace_value(xml, &attr, "yes");
    else if (conf_xml_attr(node->element, "type", &attr))
        conf_xml_insert(xml, attr.value_end + 1, managed);
}

static void lower_hostdev(ConfXml *xml, const ConfHostdevNode *node, ConfMapCss map)
{
    ConfXmlAttr type;

    if (node->form == CONF_HOSTDEV_OTHER || node->form == CONF_HOSTDEV_MDEV)
        return;
    if (node->form == CONF_HOSTDEV_ADVERTISED) {
        lower_advertised(xml, node);
    } else {
        if (node->form == CONF_HOSTDEV_SUBSYSTEM)
            respell_subsystem(xml, node);
        else
            add_model(xml, node);
        if (conf_xml_attr(node->element, "type", &type))
            replace_value(xml, &type, "mdev");
        replace_address(xml, node);
    }
    add_guest_address(xml, node, map);
}

static gboolean lower_hostdevs(ConfXml *xml, const ConfXmlElement *domain, ConfMapCss map, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = conf_find_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        ConfHostdevNode node;

        if (!conf_hostdev_read_source(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        lower_hostdev(xml, &node, map);
    }
    return TRUE;
}

static gboolean lower_domain(ConfXml *xml, const ConfXmlElement *domain, GError **error)
{
    ConfFeature feature;

    if (!conf_feature_read(xml, domain, &feature, error))
        return FALSE;
    if (feature.feature)
        conf_feature_lower(xml, domain, &feature);
    conf_loadparm_lower(xml, domain);
    return lower_hostdevs(xml, domain, feature.state, error);
}

static gboolean lower_document(ConfXml *xml, ConfMapCss default_map, GError **error)
{
    g_autoptr(GPtrArray) domains = NULL;

    if (!conf_check_readable(xml, error))
        return FALSE;
    domains = conf_find_domains(xml);
    for (guint i = 0; i < domains->len; i++)
        if (!lower_domain(xml, domains->pdata[i], error))
            return FALSE;
    return lower_hostdevs(xml, NULL, default_map, error) &&
           (!conf_xml_is_edited(xml) || conf_xml_check_bounds(xml, error));
}

char *conf_lower_xml(ConfXml *xml, ConfMapCss default_map, gboolean *ret_changed, GError **error)
{
    if (is_worth_parsing(xml->text) && !lower_document(xml, default_map, error))
        return NULL;
    *ret_changed = conf_xml_is_edited(xml);
    return conf_xml_apply(xml);
}

char *conf_lower(const char *text, ConfMapCss default_map, gboolean *ret_changed, GError **error)
{
    g_autoptr(ConfXml) xml = NULL;

    if (!is_worth_parsing(text)) {
        *ret_changed = FALSE;
        return g_strdup(text);
    }
    xml = conf_xml_open(text, error);
    return xml ? conf_lower_xml(xml, default_map, ret_changed, error) : NULL;
}
