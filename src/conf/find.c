/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/find.h"

#include <string.h>

#include "conf/uuid.h"
#include "util/error.h"

/* libvirt compares the root element's name without its prefix, and finds all others by XPath, in no namespace. */
static gboolean is_named(const ConfXmlElement *node, const ConfXmlElement *root, const char *name)
{
    return node == root ? conf_xml_is_local(node, name) : conf_xml_is(node, name);
}

GPtrArray *conf_find_domains(ConfXml *xml)
{
    GPtrArray *domains = g_ptr_array_new();
    const ConfXmlElement *root = conf_xml_root(xml);
    const ConfXmlElement *node = root;

    while (node) {
        gboolean is_domain = is_named(node, root, "domain") || is_named(node, root, "inactiveDomain");
        const ConfXmlElement *first = conf_xml_first_element(node);

        if (is_domain)
            g_ptr_array_add(domains, (gpointer)node);
        if (is_domain || (node != root && conf_xml_has_namespace(node)) || conf_xml_is(node, "metadata") || !first)
            node = conf_xml_skip(xml, node);
        else
            node = first;
    }
    return domains;
}

GPtrArray *conf_find_hostdevs(ConfXml *xml, const ConfXmlElement *domain)
{
    GPtrArray *hostdevs = g_ptr_array_new();
    const ConfXmlElement *root = conf_xml_root(xml);

    if (!domain) {
        if (root && conf_xml_is_local(root, "hostdev"))
            g_ptr_array_add(hostdevs, (gpointer)root);
        return hostdevs;
    }
    for (const ConfXmlElement *devices = conf_xml_child(domain, "devices"); devices;
         devices = conf_xml_next(devices, "devices"))
        for (const ConfXmlElement *dev = conf_xml_child(devices, "hostdev"); dev; dev = conf_xml_next(dev, "hostdev"))
            g_ptr_array_add(hostdevs, (gpointer)dev);
    return hostdevs;
}

/* Whether an attribute of the start tag at text has the value 'ccw'. */
static gboolean tag_has_type(const char *text)
{
    const char *end = text + 1 + strcspn(text + 1, "<>");

    for (const char *p = text; (p = g_strstr_len(p, end - p, "ccw")); p++)
        if ((p[-1] == '\'' || p[-1] == '"') && p[3] == p[-1])
            return TRUE;
    return FALSE;
}

/* Whether a UUID with this prefix begins at text, in any spelling that libvirt reads. */
static gboolean begins_uuid(const char *text, const char *prefix)
{
    for (const char *digit = prefix; *digit; digit++) {
        if (*digit == '-')
            continue;
        text += strspn(text, "- \t\n\r\f");
        if (g_ascii_tolower(*text) != *digit)
            return FALSE;
        text++;
    }
    return TRUE;
}

/* Takes linear time: after its first two digits the prefix has no "c", at which another comparison could begin. */
static gboolean mentions_uuid(const char *text, const char *prefix)
{
    for (const char *p = text; (p = strpbrk(p, "cC")); p++)
        if (begins_uuid(p, prefix))
            return TRUE;
    return FALSE;
}

static gboolean mentions_hostdev(const char *text)
{
    for (const char *p = text; (p = strstr(p, "<hostdev")); p++)
        if (tag_has_type(p))
            return TRUE;
    return FALSE;
}

static gboolean mentions_ccw(const char *text)
{
    return strstr(text, "<s390-map-css") || mentions_uuid(text, CONF_UUID_ADVERTISED_PREFIX) || mentions_hostdev(text);
}

gboolean conf_may_have_hostdev(const char *text)
{
    return mentions_uuid(text, CONF_UUID_PREFIX) || mentions_hostdev(text);
}

gboolean conf_check_readable(const ConfXml *xml, GError **error)
{
    const char *why = conf_xml_why_opaque(xml);

    if (!why || !mentions_ccw(xml->text))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "cannot read the ccw <hostdev> or <s390-map-css> of this document because of its %s: remove that, and "
                "write the document in UTF-8",
                why);
    return FALSE;
}
