/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/layout.h"

#include <string.h>

#include "conf/xml-chars.h"

char *ccw_layout_gap(const CcwXml *xml, const CcwXmlElement *element)
{
    guint32 start = ccw_xml_gap_before(xml, element);

    return g_strndup(xml->text + start, ccw_xml_span(element)->start - start);
}

static const char *indent_of(const char *gap)
{
    const char *newline = strrchr(gap, '\n');

    return newline ? newline + 1 : NULL;
}

char *ccw_layout_unit(const CcwXml *xml, const CcwXmlElement *domain, const char *outer)
{
    g_autofree char *own = ccw_layout_gap(xml, domain);
    const char *parent = indent_of(own);
    const char *child = indent_of(outer);

    if (!child)
        return g_strdup("");
    if (!parent)
        parent = "";
    if (ccw_xml_starts_with(child, parent) && strlen(child) > strlen(parent))
        return g_strdup(child + strlen(parent));
    return g_strdup("  ");
}

char ccw_layout_quote(const CcwXml *xml, const CcwXmlElement *element)
{
    CcwXmlAttr attr;

    return ccw_xml_attr_nth(element, 0, &attr) ? xml->text[attr.value - 1] : '\'';
}
