/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/hostdev.h"

#include <string.h>

#include "conf/uuid.h"
#include "util/error.h"

#define EXCERPT_MAX 40

char *ccw_conf_excerpt(const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    gboolean cut = g_utf8_strlen(valid, -1) > EXCERPT_MAX;
    g_autofree char *head = cut ? g_utf8_substring(valid, 0, EXCERPT_MAX) : g_strdup(valid);

    for (char *p = head; *p; p++)
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    return g_strconcat(head, cut ? "..." : "", NULL);
}

void ccw_conf_refuse(const CcwXml *xml, const CcwXmlElement *element, GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    if (!error)
        return;
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "line %u: %s", ccw_xml_line(xml, ccw_xml_span(element)->start),
                message);
}

/* The fields of a host address. */
static const struct {
    const char *name;
    guint max;
    gboolean required;
} fields[] = {
    { "cssid", CCW_CSSID_MAX, FALSE },
    { "ssid", CCW_SSID_MAX, FALSE },
    { "devno", G_MAXUINT16, TRUE },
};

/* "0x" and hexadecimal, or decimal. No leading zero: libvirt reads that as octal, and people mean hexadecimal. */
static gboolean parse_number(const char *text, guint64 *ret_value)
{
    gboolean hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    gsize length = strlen(digits);

    if (length == 0 || length > 10 || (!hex && length > 1 && digits[0] == '0'))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (hex ? !g_ascii_isxdigit(digits[i]) : !g_ascii_isdigit(digits[i]))
            return FALSE;
    *ret_value = g_ascii_strtoull(digits, NULL, hex ? 16 : 10);
    return TRUE;
}

static gboolean read_field(const CcwXml *xml, const CcwXmlElement *address, guint n, guint *ret_value, GError **error)
{
    g_autofree char *text = ccw_xml_get(address, fields[n].name);
    g_autofree char *shown = NULL;
    guint64 value;

    if (!text && fields[n].required) {
        ccw_conf_refuse(xml, address, error,
                        "<address> in <source> of a ccw <hostdev> has no %s: name the host device, for example "
                        "devno='0x1234'",
                        fields[n].name);
        return FALSE;
    }
    if (!text) {
        *ret_value = 0;
        return TRUE;
    }
    if (!parse_number(text, &value)) {
        shown = ccw_conf_excerpt(text);
        ccw_conf_refuse(xml, address, error,
                        "%s='%s' of <address> in <source> of a ccw <hostdev> is not a number: write it in hexadecimal "
                        "with 0x, or in decimal without leading zeros",
                        fields[n].name, shown);
        return FALSE;
    }
    if (value > fields[n].max) {
        shown = ccw_conf_excerpt(text);
        ccw_conf_refuse(xml, address, error,
                        "%s='%s' of <address> in <source> of a ccw <hostdev> is out of range: give 0 to 0x%x",
                        fields[n].name, shown, fields[n].max);
        return FALSE;
    }
    *ret_value = (guint)value;
    return TRUE;
}

static gboolean read_source_address(const CcwXml *xml, const CcwXmlElement *address, CcwBusId *ret_id, GError **error)
{
    guint values[G_N_ELEMENTS(fields)];

    CcwXmlAttr attr = { 0 };

    if (ccw_xml_declares_namespace(address)) {
        ccw_conf_refuse(
            xml, address, error,
            "<address> in <source> of a ccw <hostdev> declares a namespace: it takes cssid, ssid and devno");
        return FALSE;
    }
    while (ccw_xml_attr_next(address, &attr)) {
        gboolean known = FALSE;

        for (gsize i = 0; i < G_N_ELEMENTS(fields) && !known; i++)
            known = ccw_xml_attr_is(address, &attr, fields[i].name);
        if (!known) {
            g_autofree char *name = ccw_xml_attr_name(address, &attr);
            g_autofree char *shown = ccw_conf_excerpt(name);

            ccw_conf_refuse(xml, address, error,
                            "<address> in <source> of a ccw <hostdev> has an unknown attribute '%s': it takes cssid, "
                            "ssid and devno",
                            shown);
            return FALSE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (!read_field(xml, address, i, &values[i], error))
            return FALSE;
    *ret_id = (CcwBusId){ .cssid = (guint8)values[0], .ssid = (guint8)values[1], .devno = (guint16)values[2] };
    return TRUE;
}

static gboolean read_source(const CcwXml *xml, CcwHostdevNode *node, GError **error)
{
    const CcwXmlElement *second;

    node->source = ccw_xml_child(node->element, "source");
    node->address = node->source ? ccw_xml_child(node->source, "address") : NULL;
    if (!node->address) {
        ccw_conf_refuse(xml, node->element, error,
                        "a ccw <hostdev> has no <address> in <source>: name the host device, for example "
                        "<source><address devno='0x1234'/></source>");
        return FALSE;
    }
    second = ccw_xml_next(node->source, "source");
    if (second) {
        ccw_conf_refuse(xml, second, error,
                        "a ccw <hostdev> has a second <source>: give each device its own <hostdev>");
        return FALSE;
    }
    second = ccw_xml_next(node->address, "address");
    if (second) {
        ccw_conf_refuse(xml, second, error,
                        "<source> of a ccw <hostdev> has a second <address>: give each device its own <hostdev>");
        return FALSE;
    }
    return read_source_address(xml, node->address, &node->dev.source, error);
}

/* The attributes of an element that is a ccw host device by its own word. */
static gboolean read_attributes(const CcwXml *xml, CcwHostdevNode *node, GError **error)
{
    g_autofree char *managed = ccw_xml_get(node->element, "managed");
    g_autofree char *model = ccw_xml_get(node->element, "model");

    if (managed && strcmp(managed, "yes") != 0 && strcmp(managed, "no") != 0) {
        g_autofree char *shown = ccw_conf_excerpt(managed);

        ccw_conf_refuse(xml, node->element, error, "managed='%s' of a ccw <hostdev> is unknown: give yes or no", shown);
        return FALSE;
    }
    if (model) {
        g_autofree char *shown = ccw_conf_excerpt(model);

        ccw_conf_refuse(xml, node->element, error,
                        "model='%s' does not go with a ccw <hostdev>, which has no models: remove it", shown);
        return FALSE;
    }
    node->dev.managed = g_strcmp0(managed, "yes") == 0;
    return TRUE;
}

/* A number as libvirt reads it (virDomainDeviceCCWAddressParseXML): of any base. */
static gboolean parse_guest_number(const char *text, guint max, guint64 *ret_value)
{
    char *end = NULL;

    if (!text || !g_ascii_isdigit(*text))
        return FALSE;
    *ret_value = g_ascii_strtoull(text, &end, 0);
    return *end == '\0' && *ret_value <= max;
}

/* All three numbers or none. */
gboolean ccw_hostdev_read_guest(const CcwXmlElement *device, CcwBusId *ret_id)
{
    const CcwXmlElement *address = ccw_xml_child(device, "address");
    guint64 values[G_N_ELEMENTS(fields)];

    if (!address || !ccw_xml_get_is(address, "type", "ccw"))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *text = ccw_xml_get(address, fields[i].name);

        if (!parse_guest_number(text, fields[i].max, &values[i]))
            return FALSE;
    }
    *ret_id = (CcwBusId){ .cssid = (guint8)values[0], .ssid = (guint8)values[1], .devno = (guint16)values[2] };
    return TRUE;
}

static gboolean check_guest_type(const CcwXml *xml, const CcwXmlElement *address, GError **error)
{
    g_autofree char *type = ccw_xml_get(address, "type");
    g_autofree char *shown = type ? ccw_conf_excerpt(type) : NULL;

    if (g_strcmp0(type, "ccw") == 0)
        return TRUE;
    if (type)
        ccw_conf_refuse(xml, address, error,
                        "type='%s' of the guest's <address> of a ccw <hostdev> does not go with it: give type='ccw', "
                        "or leave <address> out",
                        shown);
    else
        ccw_conf_refuse(
            xml, address, error,
            "the guest's <address> of a ccw <hostdev> has no type: give type='ccw', or leave <address> out");
    return FALSE;
}

gboolean ccw_hostdev_check_guest(const CcwXml *xml, const CcwHostdevNode *node, GError **error)
{
    const CcwXmlElement *address = ccw_xml_child(node->element, "address");
    guint given = 0;
    guint64 value;

    if (address && !check_guest_type(xml, address, error))
        return FALSE;
    for (guint i = 0; address && i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *text = ccw_xml_get(address, fields[i].name);
        g_autofree char *shown = text ? ccw_conf_excerpt(text) : NULL;

        given += text != NULL;
        if (!text || parse_guest_number(text, fields[i].max, &value))
            continue;
        ccw_conf_refuse(xml, address, error,
                        "%s='%s' of the guest's <address> of a ccw <hostdev> is not a number from 0 to 0x%x",
                        fields[i].name, shown, fields[i].max);
        return FALSE;
    }
    if (given == 0 || given == G_N_ELEMENTS(fields))
        return TRUE;
    ccw_conf_refuse(xml, address, error,
                    "the guest's <address> of a ccw <hostdev> is not complete: give cssid, ssid and devno, or leave "
                    "<address> out");
    return FALSE;
}

guint ccw_hostdev_read_boot_order(const CcwXmlElement *device)
{
    const CcwXmlElement *boot = ccw_xml_child(device, "boot");
    g_autofree char *text = boot ? ccw_xml_get(boot, "order") : NULL;
    guint64 order;

    return text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT, &order, NULL) ? (guint)order : 0;
}

static void read_common(CcwHostdevNode *node)
{
    node->dev.has_guest = ccw_hostdev_read_guest(node->element, &node->dev.guest);
    node->dev.boot_order = ccw_hostdev_read_boot_order(node->element);
}

/* One of ours, in a spelling that libvirt reads. libvirt itself always writes the same one. */
static gboolean decode_uuid(const CcwHostdevNode *node, CcwBusId *ret_id, gboolean *ret_advertised)
{
    char uuid[CCW_UUID_STR_LEN];
    g_autofree char *other = NULL;

    if (ccw_xml_attr_copy(node->address, &node->uuid, uuid, sizeof(uuid)) &&
        ccw_uuid_decode(uuid, ret_id, ret_advertised))
        return TRUE;
    other = ccw_xml_attr_value(node->address, &node->uuid);
    return ccw_uuid_decode_xml(other, ret_id, ret_advertised);
}

/* The address is its UUID alone, and that is one of ours. */
static gboolean read_uuid(CcwHostdevNode *node, gboolean *ret_advertised)
{
    CcwXmlAttr second;

    return ccw_xml_attr_nth(node->address, 0, &node->uuid) && !ccw_xml_attr_nth(node->address, 1, &second) &&
           ccw_xml_attr_is(node->address, &node->uuid, "uuid") && decode_uuid(node, &node->dev.source, ret_advertised);
}

/* The stock element, with nothing about it that raising would have to drop. */
static CcwHostdevForm read_mdev(CcwHostdevNode *node)
{
    gboolean advertised;

    node->source = ccw_xml_child(node->element, "source");
    node->address = node->source ? ccw_xml_child(node->source, "address") : NULL;
    if (!node->address || ccw_xml_next(node->source, "source") || ccw_xml_next(node->address, "address") ||
        !ccw_xml_attr(node->element, "model", &node->model) ||
        !ccw_xml_attr_value_is(node->element, &node->model, "vfio-ccw") || !read_uuid(node, &advertised))
        return CCW_HOSTDEV_OTHER;
    node->dev.managed = advertised || ccw_xml_get_is(node->element, "managed", "yes");
    return advertised ? CCW_HOSTDEV_ADVERTISED : CCW_HOSTDEV_MDEV;
}

/* --- prefixed attributes --- */

static gboolean find_prefixed(const CcwXmlElement *element, CcwXmlAttr *attr)
{
    *attr = (CcwXmlAttr){ 0 };
    while (ccw_xml_attr_next(element, attr))
        if (ccw_xml_attr_has_prefix(element, attr) && !ccw_xml_attr_declares(element, attr))
            return TRUE;
    return FALSE;
}

/* Whether an attribute of that name, with any prefix or none, has the value. */
static gboolean may_be(const CcwXmlElement *element, const char *name, const char *value)
{
    CcwXmlAttr attr = { 0 };

    while (ccw_xml_attr_next(element, &attr))
        if (ccw_xml_attr_is_local(element, &attr, name) && ccw_xml_attr_value_is(element, &attr, value))
            return TRUE;
    return FALSE;
}

static gboolean may_have_our_uuid(const CcwXmlElement *address)
{
    CcwXmlAttr attr = { 0 };
    gboolean advertised;
    CcwBusId id;

    while (ccw_xml_attr_next(address, &attr)) {
        g_autofree char *value = NULL;

        if (!ccw_xml_attr_is_local(address, &attr, "uuid"))
            continue;
        value = ccw_xml_attr_value(address, &attr);
        if (ccw_uuid_decode_xml(value, &id, &advertised))
            return TRUE;
    }
    return FALSE;
}

/* Whether it is a ccw host device by some reading of its attributes. */
static gboolean may_be_ours(const CcwXmlElement *hostdev)
{
    const CcwXmlElement *source, *address;

    if (may_be(hostdev, "type", "ccw") || may_be(hostdev, "subsystem", "ccw"))
        return TRUE;
    for (source = ccw_xml_child(hostdev, "source"); source; source = ccw_xml_next(source, "source"))
        for (address = ccw_xml_child(source, "address"); address; address = ccw_xml_next(address, "address"))
            if (may_have_our_uuid(address))
                return TRUE;
    return FALSE;
}

/* Finds a prefixed attribute in the element or up to two levels in it. NULL: no element has one. */
static const CcwXmlElement *find_with_prefix(const CcwXmlElement *element, guint depth, CcwXmlAttr *ret_attr)
{
    const CcwXmlElement *found = find_prefixed(element, ret_attr) ? element : NULL;
    const CcwXmlElement *n;

    for (n = depth ? ccw_xml_first_element(element) : NULL; n && !found; n = ccw_xml_next_element(n))
        found = find_with_prefix(n, depth - 1, ret_attr);
    return found;
}

/*
 * libvirt reads an attribute by its name without the prefix, whichever namespace that is, and takes the first of
 * several (libxml2's xmlGetProp()). Only without prefixes does an element mean the same to libvirt, to the schema and
 * to us.
 */
static gboolean check_prefixes(const CcwXml *xml, const CcwXmlElement *hostdev, GError **error)
{
    CcwXmlAttr attr;
    const CcwXmlElement *element = ccw_xml_may_have_prefixes(xml) ? find_with_prefix(hostdev, 2, &attr) : NULL;
    g_autofree char *name = NULL;
    g_autofree char *shown = NULL;

    if (!element || !may_be_ours(hostdev))
        return TRUE;
    name = ccw_xml_attr_name(element, &attr);
    shown = ccw_conf_excerpt(name);
    ccw_conf_refuse(xml, element, error,
                    "attribute '%s' in a ccw <hostdev> has a namespace prefix, which libvirt ignores: remove the "
                    "attribute",
                    shown);
    return FALSE;
}

gboolean ccw_hostdev_read_source(const CcwXml *xml, const CcwXmlElement *element, CcwHostdevNode *ret_node,
                                 GError **error)
{
    CcwHostdevNode node = { .form = CCW_HOSTDEV_OTHER, .element = element };
    CcwXmlAttr mode;

    if (!check_prefixes(xml, element, error))
        return FALSE;
    if (ccw_xml_attr(element, "type", &node.type) &&
        (!ccw_xml_attr(element, "mode", &mode) || ccw_xml_attr_value_is(element, &mode, "subsystem"))) {
        if (ccw_xml_attr_value_is(element, &node.type, "ccw"))
            node.form = CCW_HOSTDEV_CCW;
        else if (ccw_xml_attr_value_is(element, &node.type, "mdev"))
            node.form = read_mdev(&node);
        else if (ccw_xml_attr_value_is(element, &node.type, "subsystem") && ccw_xml_get_is(element, "subsystem", "ccw"))
            node.form = CCW_HOSTDEV_SUBSYSTEM;
    }
    if (node.form == CCW_HOSTDEV_CCW || node.form == CCW_HOSTDEV_SUBSYSTEM)
        if (!read_attributes(xml, &node, error) || !read_source(xml, &node, error))
            return FALSE;
    *ret_node = node;
    return TRUE;
}

gboolean ccw_hostdev_read(const CcwXml *xml, const CcwXmlElement *element, CcwHostdevNode *ret_node, GError **error)
{
    if (!ccw_hostdev_read_source(xml, element, ret_node, error))
        return FALSE;
    if (ret_node->form != CCW_HOSTDEV_OTHER)
        read_common(ret_node);
    return TRUE;
}
