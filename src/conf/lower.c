/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From our users' XML to stock libvirt's. */
#include <string.h>

#include "conf/feature.h"
#include "conf/hostdev.h"
#include "conf/loadparm.h"
#include "conf/uuid.h"
#include "conf/walk.h"
#include "conf/xml-chars.h"

/* Can anything of ours stand in it? A character reference may spell anything. */
static gboolean is_worth_parsing(const char *text)
{
    return strstr(text, "s390-map-css") || (strstr(text, "hostdev") && (strstr(text, "ccw") || strstr(text, "&#")));
}

static void replace_value(CcwXml *xml, const CcwXmlAttr *attr, const char *value)
{
    ccw_xml_replace(xml, attr->value, attr->value_end, value);
}

static char quote_of(const CcwXml *xml, const CcwXmlElement *element)
{
    CcwXmlAttr type;

    return ccw_xml_attr(element, "type", &type) ? xml->text[type.value - 1] : '\'';
}

/* After the last attribute: there libvirt writes it, and there raise takes it away with one blank. */
static void add_model(CcwXml *xml, const CcwHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *model = g_strdup_printf(" model=%cvfio-ccw%c", quote, quote);
    guint32 at = ccw_xml_span(node->element)->tag_end - 1;

    while (ccw_xml_is_space(xml->text[at - 1]))
        at--;
    ccw_xml_insert(xml, at, model);
}

/* <hostdev type='subsystem' subsystem='ccw'>: what the one says is mode, what the other says is type. */
static void respell_subsystem(CcwXml *xml, const CcwHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *mode = g_strdup_printf("mode=%csubsystem%c ", quote, quote);
    g_autofree char *model = g_strdup_printf("model=%cvfio-ccw%c", quote, quote);
    CcwXmlAttr attr;

    if (!ccw_xml_attr(node->element, "mode", &attr) && ccw_xml_attr(node->element, "type", &attr))
        ccw_xml_insert(xml, attr.name, mode);
    if (ccw_xml_attr(node->element, "subsystem", &attr))
        ccw_xml_replace(xml, attr.name, attr.value_end + 1, model);
}

/*
 * The white space between two attributes of the host address, "" for the usual one blank. Moves *attr on to the n-th
 * attribute, if there is one.
 */
static char *gap_to(const CcwXml *xml, const CcwXmlElement *address, guint n, CcwXmlAttr *attr)
{
    guint32 start = attr->value_end + 1;

    if (!ccw_xml_attr_nth(address, n, attr) || (attr->name - start == 1 && xml->text[start] == ' '))
        return g_strdup("");
    return g_strndup(xml->text + start, attr->name - start);
}

/*
 * The host address becomes a UUID. Where cssid, ssid and devno are parted by more than one blank, that white space goes
 * before and after the '=', so that raise finds it.
 */
static void replace_address(CcwXml *xml, const CcwHostdevNode *node)
{
    g_autofree char *gap1 = NULL;
    g_autofree char *gap2 = NULL;
    g_autofree char *with = NULL;
    char uuid[CCW_UUID_STR_LEN];
    CcwXmlAttr attr;
    guint32 start;
    char quote;

    if (!ccw_xml_attr_nth(node->address, 0, &attr))
        return;
    start = attr.name;
    quote = xml->text[attr.value - 1];
    gap1 = gap_to(xml, node->address, 1, &attr);
    gap2 = gap_to(xml, node->address, 2, &attr);
    with = g_strdup_printf("uuid%s=%s%c%s%c", gap1, gap2, quote, ccw_uuid_encode(&node->dev.source, uuid), quote);
    ccw_xml_replace(xml, start, attr.value_end + 1, with);
}

/* The guest's address defaults to the host's own; in the default css, unless the domain says otherwise. */
static void add_guest_address(CcwXml *xml, const CcwHostdevNode *node, CcwMapCss map)
{
    guint cssid = map == CCW_MAP_CSS_OFF ? node->dev.source.cssid : CCW_CSSID_VIRTUAL;
    guint32 gap = ccw_xml_gap_before(xml, node->source);
    g_autofree char *white = g_strndup(xml->text + gap, ccw_xml_span(node->source)->start - gap);
    char q = quote_of(xml, node->element);
    g_autofree char *address = NULL;

    if (ccw_xml_child(node->element, "address"))
        return;
    address = g_strdup_printf("%s<address type=%cccw%c cssid=%c0x%x%c ssid=%c0x%x%c devno=%c0x%04x%c/>", white, q, q, q,
                              cssid, q, q, node->dev.source.ssid, q, q, node->dev.source.devno, q);
    ccw_xml_insert(xml, ccw_xml_span(ccw_xml_last_element(node->element))->end, address);
}

/* virt-install sends back the UUID that a node device advertises, with managed='no'. */
static void lower_advertised(CcwXml *xml, const CcwHostdevNode *node)
{
    char quote = quote_of(xml, node->element);
    g_autofree char *managed = g_strdup_printf(" managed=%cyes%c", quote, quote);
    char uuid[CCW_UUID_STR_LEN];
    CcwXmlAttr attr;

    if (ccw_xml_attr(node->address, "uuid", &attr))
        replace_value(xml, &attr, ccw_uuid_encode(&node->dev.source, uuid));
    if (ccw_xml_attr(node->element, "managed", &attr))
        replace_value(xml, &attr, "yes");
    else if (ccw_xml_attr(node->element, "type", &attr))
        ccw_xml_insert(xml, attr.value_end + 1, managed);
}

static void lower_hostdev(CcwXml *xml, const CcwHostdevNode *node, CcwMapCss map)
{
    CcwXmlAttr type;

    if (node->form == CCW_HOSTDEV_OTHER || node->form == CCW_HOSTDEV_MDEV)
        return;
    if (node->form == CCW_HOSTDEV_ADVERTISED) {
        lower_advertised(xml, node);
    } else {
        if (node->form == CCW_HOSTDEV_SUBSYSTEM)
            respell_subsystem(xml, node);
        else
            add_model(xml, node);
        if (ccw_xml_attr(node->element, "type", &type))
            replace_value(xml, &type, "mdev");
        replace_address(xml, node);
    }
    add_guest_address(xml, node, map);
}

static gboolean lower_hostdevs(CcwXml *xml, const CcwXmlElement *domain, CcwMapCss map, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = ccw_walk_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        CcwHostdevNode node;

        if (!ccw_hostdev_read_source(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        lower_hostdev(xml, &node, map);
    }
    return TRUE;
}

static gboolean lower_domain(CcwXml *xml, const CcwXmlElement *domain, GError **error)
{
    CcwFeature feature;

    if (!ccw_feature_read(xml, domain, &feature, error))
        return FALSE;
    if (feature.feature)
        ccw_feature_lower(xml, domain, &feature);
    ccw_loadparm_lower(xml, domain);
    return lower_hostdevs(xml, domain, feature.state, error);
}

char *ccw_conf_lower(const char *text, CcwMapCss default_map, gboolean *ret_changed, GError **error)
{
    g_autoptr(CcwXml) xml = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!is_worth_parsing(text)) {
        *ret_changed = FALSE;
        return g_strdup(text);
    }
    xml = ccw_xml_open(text, error);
    if (!xml || !ccw_walk_check_readable(xml, error))
        return NULL;
    domains = ccw_walk_domains(xml);
    for (guint i = 0; i < domains->len; i++)
        if (!lower_domain(xml, domains->pdata[i], error))
            return NULL;
    if (!lower_hostdevs(xml, NULL, default_map, error))
        return NULL;
    if (ccw_xml_is_edited(xml) && !ccw_xml_check_bounds(xml, error))
        return NULL;
    *ret_changed = ccw_xml_is_edited(xml);
    return ccw_xml_apply(xml);
}
