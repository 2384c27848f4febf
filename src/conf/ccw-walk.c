/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/ccw-walk.h"

/* Recursion is bounded by libxml2, which takes no document nested deeper than 256. */
static void find_domains(xmlNode *node, GPtrArray *domains)
{
    if (ccw_xml_is(node, "domain") || ccw_xml_is(node, "inactiveDomain")) {
        g_ptr_array_add(domains, node);
        return;
    }
    if (node->ns || ccw_xml_is(node, "metadata"))
        return;
    for (xmlNode *child = ccw_xml_first_element(node); child; child = ccw_xml_next_element(child))
        find_domains(child, domains);
}

GPtrArray *ccw_walk_domains(CcwXml *xml)
{
    GPtrArray *domains = g_ptr_array_new();
    xmlNode *root = ccw_xml_root(xml);

    if (root)
        find_domains(root, domains);
    return domains;
}

GPtrArray *ccw_walk_hostdevs(CcwXml *xml, const xmlNode *domain)
{
    GPtrArray *hostdevs = g_ptr_array_new();
    xmlNode *root = ccw_xml_root(xml);

    if (!domain) {
        if (root && ccw_xml_is(root, "hostdev"))
            g_ptr_array_add(hostdevs, root);
        return hostdevs;
    }
    for (xmlNode *devices = ccw_xml_child(domain, "devices"); devices; devices = ccw_xml_next(devices, "devices"))
        for (xmlNode *dev = ccw_xml_child(devices, "hostdev"); dev; dev = ccw_xml_next(dev, "hostdev"))
            g_ptr_array_add(hostdevs, dev);
    return hostdevs;
}
