/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/hostdev.h"

#include <string.h>

#include "conf/hostdev-prefix.h"
#include "conf/uuid.h"

/* The fields of a host address. */
static const struct {
    const char *name;
    guint max;
    gboolean is_required;
} fields[] = {
    { "cssid", CCW_CSSID_MAX, FALSE },
    { "ssid", CCW_SSID_MAX, FALSE },
    { "devno", G_MAXUINT16, TRUE },
};

/* Reads "0x" and hexadecimal, or decimal. Rejects a leading zero: libvirt reads octal, and users mean hexadecimal. */
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

static gboolean read_field(const ConfXml *xml, const ConfXmlElement *address, guint n, guint *ret_value, GError **error)
{
    g_autofree char *text = conf_xml_get(address, fields[n].name);
    g_autofree char *shown = NULL;
    guint64 value;

    if (!text && fields[n].is_required) {
        conf_set_invalid(xml, address, error,
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
        shown = conf_excerpt(text);
        conf_set_invalid(xml, address, error,
                         "%s='%s' of <address> in <source> of a ccw <hostdev> is not a number: write it in hexadecimal "
                         "with 0x, or in decimal without leading zeros",
                         fields[n].name, shown);
        return FALSE;
    }
    if (value > fields[n].max) {
        shown = conf_excerpt(text);
        conf_set_invalid(xml, address, error,
                         "%s='%s' of <address> in <source> of a ccw <hostdev> is out of range: give 0 to 0x%x",
                         fields[n].name, shown, fields[n].max);
        return FALSE;
    }
    *ret_value = (guint)value;
    return TRUE;
}

static gboolean read_source_address(const ConfXml *xml, const ConfXmlElement *address, CcwBusId *ret_id, GError **error)
{
    guint values[G_N_ELEMENTS(fields)];

    ConfXmlAttr attr = { 0 };

    if (conf_xml_declares_namespace(address)) {
        conf_set_invalid(
            xml, address, error,
            "<address> in <source> of a ccw <hostdev> declares a namespace: it takes cssid, ssid and devno");
        return FALSE;
    }
    while (conf_xml_attr_next(address, &attr)) {
        gboolean known = FALSE;

        for (gsize i = 0; i < G_N_ELEMENTS(fields) && !known; i++)
            known = conf_xml_attr_is(address, &attr, fields[i].name);
        if (!known) {
            g_autofree char *name = conf_xml_attr_name(address, &attr);
            g_autofree char *shown = conf_excerpt(name);

            conf_set_invalid(xml, address, error,
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

static gboolean read_source(const ConfXml *xml, ConfHostdevNode *node, GError **error)
{
    const ConfXmlElement *second;

    node->source = conf_xml_child(node->element, "source");
    node->address = node->source ? conf_xml_child(node->source, "address") : NULL;
    if (!node->address) {
        conf_set_invalid(xml, node->element, error,
                         "a ccw <hostdev> has no <address> in <source>: name the host device, for example "
                         "<source><address devno='0x1234'/></source>");
        return FALSE;
    }
    second = conf_xml_next(node->source, "source");
    if (second) {
        conf_set_invalid(xml, second, error,
                         "a ccw <hostdev> has a second <source>: give each device its own <hostdev>");
        return FALSE;
    }
    second = conf_xml_next(node->address, "address");
    if (second) {
        conf_set_invalid(xml, second, error,
                         "<source> of a ccw <hostdev> has a second <address>: give each device its own <hostdev>");
        return FALSE;
    }
    return read_source_address(xml, node->address, &node->dev.source, error);
}

/* Reads managed and model of an element of type ccw. */
static gboolean read_attributes(const ConfXml *xml, ConfHostdevNode *node, GError **error)
{
    g_autofree char *managed = conf_xml_get(node->element, "managed");
    g_autofree char *model = conf_xml_get(node->element, "model");

    if (managed && strcmp(managed, "yes") != 0 && strcmp(managed, "no") != 0) {
        g_autofree char *shown = conf_excerpt(managed);

        conf_set_invalid(xml, node->element, error, "managed='%s' of a ccw <hostdev> is unknown: give yes or no",
                         shown);
        return FALSE;
    }
    if (model) {
        g_autofree char *shown = conf_excerpt(model);

        conf_set_invalid(xml, node->element, error,
                         "model='%s' does not go with a ccw <hostdev>, which has no models: remove it", shown);
        return FALSE;
    }
    node->dev.managed = g_strcmp0(managed, "yes") == 0;
    return TRUE;
}

/* Reads a number as libvirt does (virDomainDeviceCCWAddressParseXML): of any base. */
static gboolean parse_guest_number(const char *text, guint max, guint64 *ret_value)
{
    char *end = NULL;

    if (!text || !g_ascii_isdigit(*text))
        return FALSE;
    *ret_value = g_ascii_strtoull(text, &end, 0);
    return *end == '\0' && *ret_value <= max;
}

gboolean conf_hostdev_read_guest(const ConfXmlElement *device, CcwBusId *ret_id)
{
    const ConfXmlElement *address = conf_xml_child(device, "address");
    guint64 values[G_N_ELEMENTS(fields)];

    if (!address || !conf_xml_get_is(address, "type", "ccw"))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *text = conf_xml_get(address, fields[i].name);

        if (!parse_guest_number(text, fields[i].max, &values[i]))
            return FALSE;
    }
    *ret_id = (CcwBusId){ .cssid = (guint8)values[0], .ssid = (guint8)values[1], .devno = (guint16)values[2] };
    return TRUE;
}

static gboolean check_guest_type(const ConfXml *xml, const ConfXmlElement *address, GError **error)
{
    g_autofree char *type = conf_xml_get(address, "type");
    g_autofree char *shown = type ? conf_excerpt(type) : NULL;

    if (g_strcmp0(type, "ccw") == 0)
        return TRUE;
    if (type)
        conf_set_invalid(xml, address, error,
                         "type='%s' of the guest's <address> of a ccw <hostdev> does not go with it: give type='ccw', "
                         "or leave <address> out",
                         shown);
    else
        conf_set_invalid(
            xml, address, error,
            "the guest's <address> of a ccw <hostdev> has no type: give type='ccw', or leave <address> out");
    return FALSE;
}

gboolean conf_hostdev_check_guest(const ConfXml *xml, const ConfHostdevNode *node, GError **error)
{
    const ConfXmlElement *address = conf_xml_child(node->element, "address");
    guint given = 0;
    guint64 value;

    if (address && !check_guest_type(xml, address, error))
        return FALSE;
    for (guint i = 0; address && i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *text = conf_xml_get(address, fields[i].name);
        g_autofree char *shown = text ? conf_excerpt(text) : NULL;

        given += text != NULL;
        if (!text || parse_guest_number(text, fields[i].max, &value))
            continue;
        conf_set_invalid(xml, address, error,
                         "%s='%s' of the guest's <address> of a ccw <hostdev> is not a number from 0 to 0x%x",
                         fields[i].name, shown, fields[i].max);
        return FALSE;
    }
    if (given == 0 || given == G_N_ELEMENTS(fields))
        return TRUE;
    conf_set_invalid(xml, address, error,
                     "the guest's <address> of a ccw <hostdev> is not complete: give cssid, ssid and devno, or leave "
                     "<address> out");
    return FALSE;
}

guint conf_hostdev_read_boot_order(const ConfXmlElement *device)
{
    const ConfXmlElement *boot = conf_xml_child(device, "boot");
    g_autofree char *text = boot ? conf_xml_get(boot, "order") : NULL;
    guint64 order;

    return text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT, &order, NULL) ? (guint)order : 0;
}

static void read_common(ConfHostdevNode *node)
{
    node->dev.has_guest = conf_hostdev_read_guest(node->element, &node->dev.guest);
    node->dev.boot_order = conf_hostdev_read_boot_order(node->element);
}

/* Decodes the UUID in any spelling that libvirt reads. The first try fits the spelling that libvirt writes. */
static gboolean decode_uuid(const ConfHostdevNode *node, CcwBusId *ret_id, gboolean *ret_advertised)
{
    char uuid[CONF_UUID_STR_LEN];
    g_autofree char *other = NULL;

    if (conf_xml_attr_copy(node->address, &node->uuid, uuid, sizeof(uuid)) &&
        conf_uuid_decode(uuid, ret_id, ret_advertised))
        return TRUE;
    other = conf_xml_attr_value(node->address, &node->uuid);
    return conf_uuid_decode_xml(other, ret_id, ret_advertised);
}

/* Whether the address has only the attribute uuid, and that is a UUID of conf/uuid.h. */
static gboolean read_uuid(ConfHostdevNode *node, gboolean *ret_advertised)
{
    ConfXmlAttr second;

    return conf_xml_attr_nth(node->address, 0, &node->uuid) && !conf_xml_attr_nth(node->address, 1, &second) &&
           conf_xml_attr_is(node->address, &node->uuid, "uuid") && decode_uuid(node, &node->dev.source, ret_advertised);
}

/* Reads the stock element. One with anything that raise would have to drop is CONF_HOSTDEV_OTHER. */
static ConfHostdevForm read_mdev(ConfHostdevNode *node)
{
    gboolean advertised;

    node->source = conf_xml_child(node->element, "source");
    node->address = node->source ? conf_xml_child(node->source, "address") : NULL;
    if (!node->address || conf_xml_next(node->source, "source") || conf_xml_next(node->address, "address") ||
        !conf_xml_attr(node->element, "model", &node->model) ||
        !conf_xml_attr_value_is(node->element, &node->model, "vfio-ccw") || !read_uuid(node, &advertised))
        return CONF_HOSTDEV_OTHER;
    node->dev.managed = advertised || conf_xml_get_is(node->element, "managed", "yes");
    return advertised ? CONF_HOSTDEV_ADVERTISED : CONF_HOSTDEV_MDEV;
}

gboolean conf_hostdev_read_source(const ConfXml *xml, const ConfXmlElement *element, ConfHostdevNode *ret_node,
                                  GError **error)
{
    ConfHostdevNode node = { .form = CONF_HOSTDEV_OTHER, .element = element };
    ConfXmlAttr mode;

    if (!conf_hostdev_check_prefixes(xml, element, error))
        return FALSE;
    if (conf_xml_attr(element, "type", &node.type) &&
        (!conf_xml_attr(element, "mode", &mode) || conf_xml_attr_value_is(element, &mode, "subsystem"))) {
        if (conf_xml_attr_value_is(element, &node.type, "ccw"))
            node.form = CONF_HOSTDEV_CCW;
        else if (conf_xml_attr_value_is(element, &node.type, "mdev"))
            node.form = read_mdev(&node);
        else if (conf_xml_attr_value_is(element, &node.type, "subsystem") &&
                 conf_xml_get_is(element, "subsystem", "ccw"))
            node.form = CONF_HOSTDEV_SUBSYSTEM;
    }
    if (node.form == CONF_HOSTDEV_CCW || node.form == CONF_HOSTDEV_SUBSYSTEM)
        if (!read_attributes(xml, &node, error) || !read_source(xml, &node, error))
            return FALSE;
    *ret_node = node;
    return TRUE;
}

gboolean conf_hostdev_read(const ConfXml *xml, const ConfXmlElement *element, ConfHostdevNode *ret_node, GError **error)
{
    if (!conf_hostdev_read_source(xml, element, ret_node, error))
        return FALSE;
    if (ret_node->form != CONF_HOSTDEV_OTHER)
        read_common(ret_node);
    return TRUE;
}

char *conf_hostdev_format(const CcwBusId *id, gboolean is_lowered)
{
    g_autoptr(GString) xml = g_string_new("<hostdev mode='subsystem' type=");
    char uuid[CONF_UUID_STR_LEN];

    if (is_lowered) {
        g_string_append_printf(xml, "'mdev' model='vfio-ccw'><source><address uuid='%s'/></source></hostdev>",
                               conf_uuid_encode(id, uuid));
        return g_string_free(g_steal_pointer(&xml), FALSE);
    }
    g_string_append(xml, "'ccw'><source><address ");
    if (id->cssid || id->ssid)
        g_string_append_printf(xml, "cssid='0x%x' ssid='0x%x' ", id->cssid, id->ssid);
    g_string_append_printf(xml, "devno='0x%04x'/></source></hostdev>", id->devno);
    return g_string_free(g_steal_pointer(&xml), FALSE);
}
