/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/element.h"

#include <string.h>

#define ATTRIBUTES_MAX 4

/* The elements and attributes of a channel device. conf rejects "model". */
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
 * The elements of other host devices, with libvirt's messages for them. libvirt would ignore them for a mediated
 * device. A row with an attribute is for an element that has it. docs/formatdomain/hostdev-ccw.rst has a table of all
 * elements.
 */
static const struct {
    const char *element;
    const char *attribute;
    const char *message;
} rejected[] = {
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

static gboolean is_known(gsize row, const ConfXmlElement *element, const ConfXmlAttr *attr)
{
    for (gsize i = 0; i < ATTRIBUTES_MAX && known[row].attributes[i]; i++)
        if (conf_xml_attr_is(element, attr, known[row].attributes[i]))
            return TRUE;
    return FALSE;
}

/* An attribute with a prefix belongs to another program. */
static gboolean check_attributes(const ConfXml *xml, const ConfXmlElement *element, gsize row, GError **error)
{
    ConfXmlAttr attr = { 0 };

    while (conf_xml_attr_next(element, &attr)) {
        g_autofree char *name = NULL;
        g_autofree char *shown = NULL;

        if (conf_xml_attr_declares(element, &attr) || conf_xml_attr_has_prefix(element, &attr) ||
            is_known(row, element, &attr))
            continue;
        name = conf_xml_attr_name(element, &attr);
        shown = conf_excerpt(name);
        conf_set_unsupported(xml, element, error,
                             "attribute '%s' of <%s> is not supported for a ccw <hostdev>: "
                             "remove it",
                             shown, known[row].element);
        return FALSE;
    }
    return TRUE;
}

static gboolean reject_element(const ConfXml *xml, const ConfXmlElement *element, GError **error)
{
    g_autofree char *whole = conf_xml_name(element);
    g_autofree char *name = conf_excerpt(whole);

    for (gsize i = 0; i < G_N_ELEMENTS(rejected); i++) {
        ConfXmlAttr attr;

        if (!conf_xml_is(element, rejected[i].element) ||
            (rejected[i].attribute && !conf_xml_attr(element, rejected[i].attribute, &attr)))
            continue;
        conf_set_unsupported(xml, element, error, "%s: remove <%s> from the ccw <hostdev>", rejected[i].message, name);
        return FALSE;
    }
    conf_set_unsupported(xml, element, error,
                         "<%s> is not supported in a ccw <hostdev>, which takes <source>, <boot>, "
                         "<address> and <alias>: remove it",
                         name);
    return FALSE;
}

/* Only <source> may have child elements; check_source() reads them. */
static gboolean check_inside(const ConfXml *xml, const ConfXmlElement *parent, GError **error)
{
    for (const ConfXmlElement *n = conf_xml_first_element(parent); n; n = conf_xml_next_element(n))
        if (!conf_xml_has_namespace(n))
            return reject_element(xml, n, error);
    return TRUE;
}

/* libvirt reads only the first of two elements. */
static gboolean check_once(const ConfXml *xml, const ConfXmlElement *child, GError **error)
{
    g_autofree char *name = conf_xml_name(child);
    const ConfXmlElement *second = conf_xml_next(child, name);

    if (second)
        conf_set_invalid(xml, second, error, "a ccw <hostdev> has a second <%s>: keep one", name);
    return !second;
}

static gboolean check_child(const ConfXml *xml, const ConfXmlElement *child, GError **error)
{
    if (conf_xml_has_namespace(child))
        return TRUE;
    for (gsize i = 1; i < G_N_ELEMENTS(known); i++)
        if (conf_xml_is(child, known[i].element))
            return check_attributes(xml, child, i, error) && check_once(xml, child, error) &&
                   (conf_xml_is(child, "source") || check_inside(xml, child, error));
    return reject_element(xml, child, error);
}

/*
 * The numbers of a host address, with the hexadecimal digits that libvirt's schema allows (ccwCssidRange and similar
 * ranges of basictypes.rng). libvirt does not check them, because lowering replaces them by the UUID.
 */
static const struct {
    const char *attribute;
    gsize digits;
} numbers[] = {
    { "cssid", 2 },
    { "ssid", 1 },
    { "devno", 4 },
};

static gboolean check_spelling(const ConfXml *xml, const ConfXmlElement *address, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *text = conf_xml_get(address, numbers[i].attribute);
        gboolean hex = text && text[0] == '0' && text[1] != '\0';

        if (!hex || (text[1] == 'x' && strlen(text + 2) <= numbers[i].digits))
            continue;
        conf_set_invalid(
            xml, address, error,
            "%s='%s' of <address> in <source> of a ccw <hostdev> is not spelled as libvirt's schema has it: "
            "write 0x%" G_GINT64_MODIFIER "x",
            numbers[i].attribute, text, g_ascii_strtoull(text, NULL, 16));
        return FALSE;
    }
    return TRUE;
}

static gboolean check_source(const ConfXml *xml, const ConfHostdevNode *node, GError **error)
{
    for (const ConfXmlElement *child = conf_xml_first_element(node->source); child;
         child = conf_xml_next_element(child))
        if (child != node->address && !conf_xml_has_namespace(child))
            return reject_element(xml, child, error);
    return check_inside(xml, node->address, error) && check_spelling(xml, node->address, error);
}

/* Lowering sets managed='yes' in the form that node devices advertise, so libvirt cannot check the value. */
static gboolean check_advertised(const ConfXml *xml, const ConfHostdevNode *node, GError **error)
{
    g_autofree char *managed = conf_xml_get(node->element, "managed");
    g_autofree char *shown = managed ? conf_excerpt(managed) : NULL;

    if (!managed || strcmp(managed, "yes") == 0 || strcmp(managed, "no") == 0)
        return TRUE;
    conf_set_invalid(xml, node->element, error, "managed='%s' of a <hostdev> is unknown: give yes or no", shown);
    return FALSE;
}

gboolean qemu_check_element(const ConfXml *xml, const ConfHostdevNode *node, GError **error)
{
    if (node->form == CONF_HOSTDEV_ADVERTISED)
        return check_advertised(xml, node, error);
    if (!conf_hostdev_check_guest(xml, node, error) || !check_attributes(xml, node->element, 0, error))
        return FALSE;
    for (const ConfXmlElement *child = conf_xml_first_element(node->element); child;
         child = conf_xml_next_element(child))
        if (!check_child(xml, child, error))
            return FALSE;
    return check_source(xml, node, error);
}
