/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/element.h"

#include <string.h>

#define ATTRIBUTES_MAX 4

/* The elements, with the attributes that mean something for a channel device. "model" is conf's to refuse. */
static const struct {
    const char *element;
    const char *attributes[ATTRIBUTES_MAX];
} known[] = {
    { "hostdev", { "mode", "type", "subsystem", "managed" } },
    { "source", { NULL } },
    { "boot", { "order", "loadparm" } },
    { "address", { "type", "cssid", "ssid", "devno" } },
    { "alias", { "name" } },
};

/*
 * What other host devices have, and what libvirt says of it elsewhere; for a mediated device libvirt would ignore it. A
 * row with an attribute is about an element that has it. docs/formatdomain/hostdev-ccw.rst has a table of all there is.
 */
static const struct {
    const char *element;
    const char *attribute;
    const char *message;
} refused[] = {
    { "rom", NULL, "ROM tuning is only supported for PCI devices" },
    { "teaming", NULL, "teaming is only supported for pci hostdev devices" },
    { "driver", "iommufd", "libvirt binds only PCI devices to an iommufd, and reaches a ccw device by its VFIO group" },
    { "driver", NULL, "a driver can be chosen for PCI devices only" },
    { "acpi", NULL, "ACPI is not supported for ccw devices" },
    { "readonly", NULL, "a ccw device cannot be read-only, because the guest's channel programs go to it as they are" },
    { "shareable", NULL, "a ccw device cannot be shared, because it belongs to one guest at a time" },
    { "ip", NULL, "an IP address is only supported for network devices of containers" },
    { "route", NULL, "a route is only supported for network devices of containers" },
};

static gboolean is_known(gsize row, const CcwXmlElement *element, const CcwXmlAttr *attr)
{
    for (gsize i = 0; i < ATTRIBUTES_MAX && known[row].attributes[i]; i++)
        if (ccw_xml_attr_is(element, attr, known[row].attributes[i]))
            return TRUE;
    return FALSE;
}

/* An attribute with a prefix belongs to another program. */
static gboolean check_attributes(const CcwXml *xml, const CcwXmlElement *element, gsize row, GError **error)
{
    CcwXmlAttr attr = { 0 };

    while (ccw_xml_attr_next(element, &attr)) {
        g_autofree char *name = NULL;
        g_autofree char *shown = NULL;

        if (ccw_xml_attr_declares(element, &attr) || ccw_xml_attr_has_prefix(element, &attr) ||
            is_known(row, element, &attr))
            continue;
        name = ccw_xml_attr_name(element, &attr);
        shown = ccw_conf_excerpt(name);
        ccw_conf_refuse(xml, element, error,
                        "unsupported configuration: attribute '%s' of <%s> is not supported for a ccw <hostdev>: "
                        "remove it",
                        shown, known[row].element);
        return FALSE;
    }
    return TRUE;
}

static gboolean refuse_element(const CcwXml *xml, const CcwXmlElement *element, GError **error)
{
    g_autofree char *whole = ccw_xml_name(element);
    g_autofree char *name = ccw_conf_excerpt(whole);

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        CcwXmlAttr attr;

        if (!ccw_xml_is(element, refused[i].element) ||
            (refused[i].attribute && !ccw_xml_attr(element, refused[i].attribute, &attr)))
            continue;
        ccw_conf_refuse(xml, element, error, "unsupported configuration: %s: remove <%s> from the ccw <hostdev>",
                        refused[i].message, name);
        return FALSE;
    }
    ccw_conf_refuse(
        xml, element, error,
        "unsupported configuration: <%s> is not supported in a ccw <hostdev>, which takes <source>, <boot>, "
        "<address> and <alias>: remove it",
        name);
    return FALSE;
}

/* Only <source> may have child elements; check_source() reads them. */
static gboolean check_inside(const CcwXml *xml, const CcwXmlElement *parent, GError **error)
{
    for (const CcwXmlElement *n = ccw_xml_first_element(parent); n; n = ccw_xml_next_element(n))
        if (!ccw_xml_has_namespace(n))
            return refuse_element(xml, n, error);
    return TRUE;
}

/* libvirt reads the first of two. */
static gboolean check_once(const CcwXml *xml, const CcwXmlElement *child, GError **error)
{
    g_autofree char *name = ccw_xml_name(child);
    const CcwXmlElement *second = ccw_xml_next(child, name);

    if (second)
        ccw_conf_refuse(xml, second, error, "a ccw <hostdev> has a second <%s>: keep one", name);
    return !second;
}

static gboolean check_child(const CcwXml *xml, const CcwXmlElement *child, GError **error)
{
    if (ccw_xml_has_namespace(child))
        return TRUE;
    for (gsize i = 1; i < G_N_ELEMENTS(known); i++)
        if (ccw_xml_is(child, known[i].element))
            return check_attributes(xml, child, i, error) && check_once(xml, child, error) &&
                   (ccw_xml_is(child, "source") || check_inside(xml, child, error));
    return refuse_element(xml, child, error);
}

/*
 * The hexadecimal numbers of a host address, with the digits that libvirt's schema allows (ccwCssidRange and the like
 * of basictypes.rng). libvirt does not see them: lowering replaces them by the UUID.
 */
static const struct {
    const char *attribute;
    gsize digits;
} numbers[] = {
    { "cssid", 2 },
    { "ssid", 1 },
    { "devno", 4 },
};

static gboolean check_spelling(const CcwXml *xml, const CcwXmlElement *address, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *text = ccw_xml_get(address, numbers[i].attribute);
        gboolean hex = text && text[0] == '0' && text[1] != '\0';

        if (!hex || (text[1] == 'x' && strlen(text + 2) <= numbers[i].digits))
            continue;
        ccw_conf_refuse(
            xml, address, error,
            "%s='%s' of <address> in <source> of a ccw <hostdev> is not spelled as libvirt's schema has it: "
            "write 0x%" G_GINT64_MODIFIER "x",
            numbers[i].attribute, text, g_ascii_strtoull(text, NULL, 16));
        return FALSE;
    }
    return TRUE;
}

static gboolean check_source(const CcwXml *xml, const CcwHostdevNode *node, GError **error)
{
    for (const CcwXmlElement *child = ccw_xml_first_element(node->source); child; child = ccw_xml_next_element(child))
        if (child != node->address && !ccw_xml_has_namespace(child))
            return refuse_element(xml, child, error);
    return check_inside(xml, node->address, error) && check_spelling(xml, node->address, error);
}

/* Lowering writes managed='yes' into the form that node devices advertise, whatever stands there. */
static gboolean check_advertised(const CcwXml *xml, const CcwHostdevNode *node, GError **error)
{
    g_autofree char *managed = ccw_xml_get(node->element, "managed");
    g_autofree char *shown = managed ? ccw_conf_excerpt(managed) : NULL;

    if (!managed || strcmp(managed, "yes") == 0 || strcmp(managed, "no") == 0)
        return TRUE;
    ccw_conf_refuse(xml, node->element, error, "managed='%s' of a <hostdev> is unknown: give yes or no", shown);
    return FALSE;
}

gboolean ccw_qemu_check_element(const CcwXml *xml, const CcwHostdevNode *node, GError **error)
{
    if (node->form == CCW_HOSTDEV_ADVERTISED)
        return check_advertised(xml, node, error);
    if (!ccw_hostdev_check_guest(xml, node, error) || !check_attributes(xml, node->element, 0, error))
        return FALSE;
    for (const CcwXmlElement *child = ccw_xml_first_element(node->element); child; child = ccw_xml_next_element(child))
        if (!check_child(xml, child, error))
            return FALSE;
    return check_source(xml, node, error);
}
