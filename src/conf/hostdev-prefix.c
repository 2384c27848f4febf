/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/hostdev-prefix.h"

#include "conf/message.h"
#include "conf/uuid.h"

static gboolean find_prefixed(const ConfXmlElement *element, ConfXmlAttr *attr)
{
    *attr = (ConfXmlAttr){ 0 };
    while (conf_xml_attr_next(element, attr))
        if (conf_xml_attr_has_prefix(element, attr) && !conf_xml_attr_declares(element, attr))
            return TRUE;
    return FALSE;
}

/* Whether an attribute of that name, with or without a prefix, has the value. */
static gboolean may_be(const ConfXmlElement *element, const char *name, const char *value)
{
    ConfXmlAttr attr = { 0 };

    while (conf_xml_attr_next(element, &attr))
        if (conf_xml_attr_is_local(element, &attr, name) && conf_xml_attr_value_is(element, &attr, value))
            return TRUE;
    return FALSE;
}

static gboolean may_have_our_uuid(const ConfXmlElement *address)
{
    ConfXmlAttr attr = { 0 };
    gboolean advertised;
    CcwBusId id;

    while (conf_xml_attr_next(address, &attr)) {
        g_autofree char *value = NULL;

        if (!conf_xml_attr_is_local(address, &attr, "uuid"))
            continue;
        value = conf_xml_attr_value(address, &attr);
        if (conf_uuid_decode_xml(value, &id, &advertised))
            return TRUE;
    }
    return FALSE;
}

/* Whether it would be a ccw host device if its attributes had no prefixes. */
static gboolean may_be_ccw(const ConfXmlElement *hostdev)
{
    const ConfXmlElement *source, *address;

    if (may_be(hostdev, "type", "ccw") || may_be(hostdev, "subsystem", "ccw"))
        return TRUE;
    for (source = conf_xml_child(hostdev, "source"); source; source = conf_xml_next(source, "source"))
        for (address = conf_xml_child(source, "address"); address; address = conf_xml_next(address, "address"))
            if (may_have_our_uuid(address))
                return TRUE;
    return FALSE;
}

/* Finds the first element that has a prefixed attribute: this one, or one up to depth levels below it. */
static const ConfXmlElement *find_with_prefix(const ConfXmlElement *element, guint depth, ConfXmlAttr *ret_attr)
{
    const ConfXmlElement *found = find_prefixed(element, ret_attr) ? element : NULL;
    const ConfXmlElement *n;

    for (n = depth ? conf_xml_first_element(element) : NULL; n && !found; n = conf_xml_next_element(n))
        found = find_with_prefix(n, depth - 1, ret_attr);
    return found;
}

gboolean conf_hostdev_check_prefixes(const ConfXml *xml, const ConfXmlElement *hostdev, GError **error)
{
    ConfXmlAttr attr;
    const ConfXmlElement *element = conf_xml_may_have_prefixes(xml) ? find_with_prefix(hostdev, 2, &attr) : NULL;
    g_autofree char *name = NULL;
    g_autofree char *shown = NULL;

    if (!element || !may_be_ccw(hostdev))
        return TRUE;
    name = conf_xml_attr_name(element, &attr);
    shown = conf_excerpt(name);
    conf_set_invalid(xml, element, error,
                     "attribute '%s' in a ccw <hostdev> has a namespace prefix, which libvirt ignores: remove the "
                     "attribute",
                     shown);
    return FALSE;
}
