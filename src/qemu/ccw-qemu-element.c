/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/ccw-qemu-element.h"

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
    { "readonly", { NULL } },
    { "shareable", { NULL } },
};

/* What other host devices have, and what libvirt says of it elsewhere. */
static const struct {
    const char *element;
    const char *message;
} refused[] = {
    { "rom", "ROM tuning is only supported for PCI devices" },
    { "teaming", "teaming is only supported for pci hostdev devices" },
    { "driver", "a driver can be chosen for PCI devices only" },
    { "acpi", "ACPI is not supported for ccw devices" },
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
        if (!ccw_xml_is(element, refused[i].element))
            continue;
        ccw_conf_refuse(xml, element, error, "unsupported configuration: %s: remove <%s> from the ccw <hostdev>",
                        refused[i].message, name);
        return FALSE;
    }
    ccw_conf_refuse(xml, element, error,
                    "unsupported configuration: <%s> is unknown in a ccw <hostdev>, which takes <source>, <boot>, "
                    "<address> and <alias>: remove it",
                    name);
    return FALSE;
}

static gboolean check_child(const CcwXml *xml, const CcwXmlElement *child, GError **error)
{
    if (ccw_xml_has_namespace(child))
        return TRUE;
    for (gsize i = 1; i < G_N_ELEMENTS(known); i++)
        if (ccw_xml_is(child, known[i].element))
            return check_attributes(xml, child, i, error);
    return refuse_element(xml, child, error);
}

gboolean ccw_qemu_check_element(const CcwXml *xml, const CcwHostdevNode *node, GError **error)
{
    if (!ccw_hostdev_check_guest(xml, node, error) || !check_attributes(xml, node->element, 0, error))
        return FALSE;
    for (const CcwXmlElement *child = ccw_xml_first_element(node->element); child; child = ccw_xml_next_element(child))
        if (!check_child(xml, child, error))
            return FALSE;
    for (const CcwXmlElement *child = ccw_xml_first_element(node->source); child; child = ccw_xml_next_element(child))
        if (child != node->address && !ccw_xml_has_namespace(child))
            return refuse_element(xml, child, error);
    return TRUE;
}
