/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/walk.h"

#include <string.h>

#include "conf/uuid.h"
#include "util/error.h"

/* libvirt knows the root element by its name without a prefix, and all others by XPath, in no namespace. */
static gboolean is_named(const CcwXmlElement *node, const CcwXmlElement *root, const char *name)
{
    return node == root ? ccw_xml_is_local(node, name) : ccw_xml_is(node, name);
}

GPtrArray *ccw_walk_domains(CcwXml *xml)
{
    GPtrArray *domains = g_ptr_array_new();
    const CcwXmlElement *root = ccw_xml_root(xml);
    const CcwXmlElement *node = root;

    while (node) {
        gboolean is_domain = is_named(node, root, "domain") || is_named(node, root, "inactiveDomain");
        const CcwXmlElement *first = ccw_xml_first_element(node);

        if (is_domain)
            g_ptr_array_add(domains, (gpointer)node);
        if (is_domain || (node != root && ccw_xml_has_namespace(node)) || ccw_xml_is(node, "metadata") || !first)
            node = ccw_xml_skip(xml, node);
        else
            node = first;
    }
    return domains;
}

GPtrArray *ccw_walk_hostdevs(CcwXml *xml, const CcwXmlElement *domain)
{
    GPtrArray *hostdevs = g_ptr_array_new();
    const CcwXmlElement *root = ccw_xml_root(xml);

    if (!domain) {
        if (root && ccw_xml_is_local(root, "hostdev"))
            g_ptr_array_add(hostdevs, (gpointer)root);
        return hostdevs;
    }
    for (const CcwXmlElement *devices = ccw_xml_child(domain, "devices"); devices;
         devices = ccw_xml_next(devices, "devices"))
        for (const CcwXmlElement *dev = ccw_xml_child(devices, "hostdev"); dev; dev = ccw_xml_next(dev, "hostdev"))
            g_ptr_array_add(hostdevs, (gpointer)dev);
    return hostdevs;
}

/* Has the start tag at text the value 'ccw'? */
static gboolean tag_has_type(const char *text)
{
    const char *end = text + 1 + strcspn(text + 1, "<>");

    for (const char *p = text; (p = g_strstr_len(p, end - p, "ccw")); p++)
        if ((p[-1] == '\'' || p[-1] == '"') && p[3] == p[-1])
            return TRUE;
    return FALSE;
}

/* Does a UUID that node-device XML advertises begin at text, in any spelling that libvirt reads? */
static gboolean begins_advertised(const char *text)
{
    for (const char *digit = CCW_UUID_ADVERTISED_PREFIX; *digit; digit++) {
        if (*digit == '-')
            continue;
        text += strspn(text, "- \t\n\r\f");
        if (g_ascii_tolower(*text) != *digit)
            return FALSE;
        text++;
    }
    return TRUE;
}

/* In linear time: behind its first two digits, the prefix has no "c" at which another try could begin. */
static gboolean mentions_advertised(const char *text)
{
    for (const char *p = text; (p = strpbrk(p, "cC")); p++)
        if (begins_advertised(p))
            return TRUE;
    return FALSE;
}

static gboolean mentions_ours(const char *text)
{
    if (strstr(text, "<s390-map-css") || mentions_advertised(text))
        return TRUE;
    for (const char *p = text; (p = strstr(p, "<hostdev")); p++)
        if (tag_has_type(p))
            return TRUE;
    return FALSE;
}

gboolean ccw_walk_check_readable(const CcwXml *xml, GError **error)
{
    const char *why = ccw_xml_why_opaque(xml);

    if (!why || !mentions_ours(xml->text))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "the ccw <hostdev> or <s390-map-css> of this document is not read, because of its %s: remove that, and "
                "write the document in UTF-8",
                why);
    return FALSE;
}
