/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds elements, and reads their names, attributes and content. */
#include <string.h>

#include "conf/xml-chars.h"
#include "conf/xml-name.h"
#include "conf/xml-value.h"
#include "conf/xml.h"

const ConfXmlSpan *conf_xml_span(const ConfXmlElement *element)
{
    return &element->span;
}

guint32 conf_xml_gap_before(const ConfXml *xml G_GNUC_UNUSED, const ConfXmlElement *element)
{
    return element->gap;
}

/* Compares byte by byte: most names differ in the first byte, and the others are short. */
static gboolean is_text(const ConfXmlElement *element, guint32 start, guint32 end, const char *text)
{
    const char *p = element->xml->text + start;
    const char *stop = element->xml->text + end;

    while (p < stop && *p == *text) {
        p++;
        text++;
    }
    return p == stop && *text == '\0';
}

static char *text_of(const ConfXmlElement *element, guint32 start, guint32 end)
{
    return g_strndup(element->xml->text + start, end - start);
}

gboolean conf_xml_has_namespace(const ConfXmlElement *element)
{
    return element->namespace != 0;
}

gboolean conf_xml_is(const ConfXmlElement *element, const char *name)
{
    return element->namespace == 0 && is_text(element, element->local, element->name_end, name);
}

gboolean conf_xml_is_local(const ConfXmlElement *element, const char *name)
{
    return is_text(element, element->local, element->name_end, name);
}

gboolean conf_xml_is_in(const ConfXml *xml, const ConfXmlElement *element, const char *namespace, const char *name)
{
    return element->namespace != 0 && is_text(element, element->local, element->name_end, name) &&
           strcmp(xml->namespaces->pdata[element->namespace - 1], namespace) == 0;
}

char *conf_xml_name(const ConfXmlElement *element)
{
    return text_of(element, element->local, element->name_end);
}

const ConfXmlElement *conf_xml_parent(const ConfXmlElement *element)
{
    return element->parent ? element - element->parent : NULL;
}

const ConfXmlElement *conf_xml_first_element(const ConfXmlElement *parent)
{
    return parent->size > 1 ? parent + 1 : NULL;
}

const ConfXmlElement *conf_xml_next_element(const ConfXmlElement *element)
{
    const ConfXmlElement *parent = conf_xml_parent(element);
    const ConfXmlElement *next = element + element->size;

    return parent && next < parent + parent->size ? next : NULL;
}

const ConfXmlElement *conf_xml_previous_element(const ConfXmlElement *element)
{
    const ConfXmlElement *parent = conf_xml_parent(element);
    const ConfXmlElement *previous = NULL;

    for (const ConfXmlElement *n = parent ? parent + 1 : element; n != element; n = conf_xml_next_element(n))
        previous = n;
    return previous;
}

const ConfXmlElement *conf_xml_last_element(const ConfXmlElement *parent)
{
    const ConfXmlElement *last = NULL;

    for (const ConfXmlElement *n = conf_xml_first_element(parent); n; n = conf_xml_next_element(n))
        last = n;
    return last;
}

const ConfXmlElement *conf_xml_skip(const ConfXml *xml, const ConfXmlElement *element)
{
    const ConfXmlElement *next = element + element->size;

    return next < xml->elements + xml->elements_count ? next : NULL;
}

static const ConfXmlElement *this_or_next(const ConfXmlElement *element, const char *name)
{
    while (element && !conf_xml_is(element, name))
        element = conf_xml_next_element(element);
    return element;
}

const ConfXmlElement *conf_xml_child(const ConfXmlElement *parent, const char *name)
{
    return this_or_next(conf_xml_first_element(parent), name);
}

const ConfXmlElement *conf_xml_next(const ConfXmlElement *element, const char *name)
{
    return this_or_next(conf_xml_next_element(element), name);
}

gboolean conf_xml_is_empty(const ConfXmlElement *element)
{
    return element->span.tag_end == element->span.content_end;
}

char *conf_xml_content(const ConfXmlElement *element)
{
    return conf_xml_content_of(element->xml->text + element->span.tag_end,
                               element->xml->text + element->span.content_end);
}

static const ConfXmlAttr *attrs_of(const ConfXmlElement *element)
{
    return element->xml->attrs + element->attr;
}

gboolean conf_xml_attr_next(const ConfXmlElement *element, ConfXmlAttr *attr)
{
    return conf_xml_attr_nth(element, attr->number, attr);
}

gboolean conf_xml_attr_nth(const ConfXmlElement *element, guint n, ConfXmlAttr *ret_attr)
{
    if (n >= element->attrs)
        return FALSE;
    *ret_attr = attrs_of(element)[n];
    return TRUE;
}

gboolean conf_xml_attr(const ConfXmlElement *element, const char *name, ConfXmlAttr *ret_attr)
{
    const ConfXmlAttr *attrs = attrs_of(element);

    for (guint i = 0; i < element->attrs; i++) {
        if (is_text(element, attrs[i].name, attrs[i].name_end, name)) {
            *ret_attr = attrs[i];
            return TRUE;
        }
    }
    return FALSE;
}

gboolean conf_xml_attr_declares(const ConfXmlElement *element, const ConfXmlAttr *attr)
{
    return conf_xml_is_declaration(element->xml->text + attr->name, element->xml->text + attr->name_end);
}

gboolean conf_xml_may_have_prefixes(const ConfXml *xml)
{
    return xml->has_prefixes;
}

gboolean conf_xml_attr_has_prefix(const ConfXmlElement *element, const ConfXmlAttr *attr)
{
    const char *name = element->xml->text + attr->name;

    return memchr(name, ':', attr->name_end - attr->name) &&
           conf_xml_prefix_end(name, element->xml->text + attr->name_end) != NULL;
}

gboolean conf_xml_attr_is_local(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *name)
{
    const char *text = element->xml->text;
    const char *colon = conf_xml_prefix_end(text + attr->name, text + attr->name_end);

    return !conf_xml_attr_declares(element, attr) &&
           is_text(element, colon ? (guint32)(colon + 1 - text) : attr->name, attr->name_end, name);
}

gboolean conf_xml_attr_is(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *name)
{
    return is_text(element, attr->name, attr->name_end, name);
}

char *conf_xml_attr_name(const ConfXmlElement *element, const ConfXmlAttr *attr)
{
    return text_of(element, attr->name, attr->name_end);
}

char *conf_xml_attr_value(const ConfXmlElement *element, const ConfXmlAttr *attr)
{
    return conf_xml_value_of(element->xml->text + attr->value, element->xml->text + attr->value_end);
}

gboolean conf_xml_attr_copy(const ConfXmlElement *element, const ConfXmlAttr *attr, char *buf, gsize size)
{
    return conf_xml_value_copy(element->xml->text + attr->value, element->xml->text + attr->value_end, buf, size);
}

gboolean conf_xml_attr_value_is(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *value)
{
    return conf_xml_value_is(element->xml->text + attr->value, element->xml->text + attr->value_end, value);
}

guint conf_xml_attr_count(const ConfXmlElement *element)
{
    ConfXmlAttr attr = { 0 };
    guint count = 0;

    while (conf_xml_attr_next(element, &attr))
        count += !conf_xml_attr_declares(element, &attr);
    return count;
}

gboolean conf_xml_declares_namespace(const ConfXmlElement *element)
{
    ConfXmlAttr attr = { 0 };

    while (conf_xml_attr_next(element, &attr))
        if (conf_xml_attr_declares(element, &attr))
            return TRUE;
    return FALSE;
}

char *conf_xml_get(const ConfXmlElement *element, const char *name)
{
    ConfXmlAttr attr;

    return conf_xml_attr(element, name, &attr) ? conf_xml_attr_value(element, &attr) : NULL;
}

gboolean conf_xml_get_is(const ConfXmlElement *element, const char *name, const char *value)
{
    ConfXmlAttr attr;

    return conf_xml_attr(element, name, &attr) && conf_xml_attr_value_is(element, &attr, value);
}
