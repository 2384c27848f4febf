/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From element to element, and the attributes of one. */
#include <string.h>

#include "conf/xml-chars.h"
#include "conf/xml-scan.h"
#include "conf/xml-value.h"
#include "conf/xml.h"

const CcwXmlSpan *ccw_xml_span(const CcwXmlElement *element)
{
    return &element->span;
}

guint32 ccw_xml_gap_before(const CcwXml *xml G_GNUC_UNUSED, const CcwXmlElement *element)
{
    return element->gap;
}

/* By the byte: most names differ in the first one, and those that do not are short. */
static gboolean is_text(const CcwXmlElement *element, guint32 start, guint32 end, const char *text)
{
    const char *p = element->xml->text + start;
    const char *stop = element->xml->text + end;

    while (p < stop && *p == *text) {
        p++;
        text++;
    }
    return p == stop && *text == '\0';
}

static char *text_of(const CcwXmlElement *element, guint32 start, guint32 end)
{
    return g_strndup(element->xml->text + start, end - start);
}

gboolean ccw_xml_has_namespace(const CcwXmlElement *element)
{
    return element->namespace != 0;
}

gboolean ccw_xml_is(const CcwXmlElement *element, const char *name)
{
    return element->namespace == 0 && is_text(element, element->local, element->name_end, name);
}

gboolean ccw_xml_is_local(const CcwXmlElement *element, const char *name)
{
    return is_text(element, element->local, element->name_end, name);
}

gboolean ccw_xml_is_in(const CcwXml *xml, const CcwXmlElement *element, const char *namespace, const char *name)
{
    return element->namespace != 0 && is_text(element, element->local, element->name_end, name) &&
           strcmp(xml->namespaces->pdata[element->namespace - 1], namespace) == 0;
}

char *ccw_xml_name(const CcwXmlElement *element)
{
    return text_of(element, element->local, element->name_end);
}

const CcwXmlElement *ccw_xml_parent(const CcwXmlElement *element)
{
    return element->parent ? element - element->parent : NULL;
}

const CcwXmlElement *ccw_xml_first_element(const CcwXmlElement *parent)
{
    return parent->size > 1 ? parent + 1 : NULL;
}

const CcwXmlElement *ccw_xml_next_element(const CcwXmlElement *element)
{
    const CcwXmlElement *parent = ccw_xml_parent(element);
    const CcwXmlElement *next = element + element->size;

    return parent && next < parent + parent->size ? next : NULL;
}

const CcwXmlElement *ccw_xml_previous_element(const CcwXmlElement *element)
{
    const CcwXmlElement *parent = ccw_xml_parent(element);
    const CcwXmlElement *previous = NULL;

    for (const CcwXmlElement *n = parent ? parent + 1 : element; n != element; n = ccw_xml_next_element(n))
        previous = n;
    return previous;
}

const CcwXmlElement *ccw_xml_last_element(const CcwXmlElement *parent)
{
    const CcwXmlElement *last = NULL;

    for (const CcwXmlElement *n = ccw_xml_first_element(parent); n; n = ccw_xml_next_element(n))
        last = n;
    return last;
}

const CcwXmlElement *ccw_xml_skip(const CcwXml *xml, const CcwXmlElement *element)
{
    const CcwXmlElement *next = element + element->size;

    return next < xml->elements + xml->elements_count ? next : NULL;
}

static const CcwXmlElement *this_or_next(const CcwXmlElement *element, const char *name)
{
    while (element && !ccw_xml_is(element, name))
        element = ccw_xml_next_element(element);
    return element;
}

const CcwXmlElement *ccw_xml_child(const CcwXmlElement *parent, const char *name)
{
    return this_or_next(ccw_xml_first_element(parent), name);
}

const CcwXmlElement *ccw_xml_next(const CcwXmlElement *element, const char *name)
{
    return this_or_next(ccw_xml_next_element(element), name);
}

gboolean ccw_xml_is_empty(const CcwXmlElement *element)
{
    return element->span.tag_end == element->span.content_end;
}

char *ccw_xml_content(const CcwXmlElement *element)
{
    return ccw_xml_content_of(element->xml->text + element->span.tag_end,
                              element->xml->text + element->span.content_end);
}

static const CcwXmlAttr *attrs_of(const CcwXmlElement *element)
{
    return element->xml->attrs + element->attr;
}

gboolean ccw_xml_attr_next(const CcwXmlElement *element, CcwXmlAttr *attr)
{
    return ccw_xml_attr_nth(element, attr->number, attr);
}

gboolean ccw_xml_attr_nth(const CcwXmlElement *element, guint n, CcwXmlAttr *ret_attr)
{
    if (n >= element->attrs)
        return FALSE;
    *ret_attr = attrs_of(element)[n];
    return TRUE;
}

gboolean ccw_xml_attr(const CcwXmlElement *element, const char *name, CcwXmlAttr *ret_attr)
{
    const CcwXmlAttr *attrs = attrs_of(element);

    for (guint i = 0; i < element->attrs; i++) {
        if (is_text(element, attrs[i].name, attrs[i].name_end, name)) {
            *ret_attr = attrs[i];
            return TRUE;
        }
    }
    return FALSE;
}

gboolean ccw_xml_attr_declares(const CcwXmlElement *element, const CcwXmlAttr *attr)
{
    return ccw_xml_is_declaration(element->xml->text + attr->name, element->xml->text + attr->name_end);
}

gboolean ccw_xml_may_have_prefixes(const CcwXml *xml)
{
    return xml->has_prefixes;
}

gboolean ccw_xml_attr_has_prefix(const CcwXmlElement *element, const CcwXmlAttr *attr)
{
    const char *name = element->xml->text + attr->name;

    return memchr(name, ':', attr->name_end - attr->name) &&
           ccw_xml_prefix_end(name, element->xml->text + attr->name_end) != NULL;
}

gboolean ccw_xml_attr_is_local(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *name)
{
    const char *text = element->xml->text;
    const char *colon = ccw_xml_prefix_end(text + attr->name, text + attr->name_end);

    return !ccw_xml_attr_declares(element, attr) &&
           is_text(element, colon ? (guint32)(colon + 1 - text) : attr->name, attr->name_end, name);
}

gboolean ccw_xml_attr_is(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *name)
{
    return is_text(element, attr->name, attr->name_end, name);
}

char *ccw_xml_attr_name(const CcwXmlElement *element, const CcwXmlAttr *attr)
{
    return text_of(element, attr->name, attr->name_end);
}

char *ccw_xml_attr_value(const CcwXmlElement *element, const CcwXmlAttr *attr)
{
    return ccw_xml_value_of(element->xml->text + attr->value, element->xml->text + attr->value_end);
}

gboolean ccw_xml_attr_copy(const CcwXmlElement *element, const CcwXmlAttr *attr, char *buf, gsize size)
{
    return ccw_xml_value_copy(element->xml->text + attr->value, element->xml->text + attr->value_end, buf, size);
}

gboolean ccw_xml_attr_value_is(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *value)
{
    return ccw_xml_value_is(element->xml->text + attr->value, element->xml->text + attr->value_end, value);
}

guint ccw_xml_attr_count(const CcwXmlElement *element)
{
    CcwXmlAttr attr = { 0 };
    guint count = 0;

    while (ccw_xml_attr_next(element, &attr))
        count += !ccw_xml_attr_declares(element, &attr);
    return count;
}

gboolean ccw_xml_declares_namespace(const CcwXmlElement *element)
{
    CcwXmlAttr attr = { 0 };

    while (ccw_xml_attr_next(element, &attr))
        if (ccw_xml_attr_declares(element, &attr))
            return TRUE;
    return FALSE;
}

char *ccw_xml_get(const CcwXmlElement *element, const char *name)
{
    CcwXmlAttr attr;

    return ccw_xml_attr(element, name, &attr) ? ccw_xml_attr_value(element, &attr) : NULL;
}

gboolean ccw_xml_get_is(const CcwXmlElement *element, const char *name, const char *value)
{
    CcwXmlAttr attr;

    return ccw_xml_attr(element, name, &attr) && ccw_xml_attr_value_is(element, &attr, value);
}
