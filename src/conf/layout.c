/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/layout.h"

#include <string.h>

#include "conf/xml-chars.h"

char *conf_layout_gap(const ConfXml *xml, const ConfXmlElement *element)
{
    guint32 start = conf_xml_gap_before(xml, element);

    return g_strndup(xml->text + start, conf_xml_span(element)->start - start);
}

static const char *indent_of(const char *gap)
{
    const char *newline = strrchr(gap, '\n');

    return newline ? newline + 1 : NULL;
}

char *conf_layout_unit(const ConfXml *xml, const ConfXmlElement *domain, const char *outer)
{
    g_autofree char *own = conf_layout_gap(xml, domain);
    const char *parent = indent_of(own);
    const char *child = indent_of(outer);

    if (!child)
        return g_strdup("");
    if (!parent)
        parent = "";
    if (conf_xml_starts_with(child, parent) && strlen(child) > strlen(parent))
        return g_strdup(child + strlen(parent));
    return g_strdup("  ");
}

char conf_layout_quote(const ConfXml *xml, const ConfXmlElement *element)
{
    ConfXmlAttr attr;

    return conf_xml_attr_nth(element, 0, &attr) ? xml->text[attr.value - 1] : '\'';
}
