/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-attributes.h"

#include <string.h>

#include "conf/xml-chars.h"
#include "conf/xml-name.h"

/* A linear search finds repeated names among up to this many attributes; a hash table finds them among more. */
#define COMPARED_MAX 8

static ConfXmlAttr *add_attr(ConfXml *xml)
{
    if (xml->attrs_count == xml->attrs_capacity)
        xml->attrs = conf_xml_grow(xml->attrs, &xml->attrs_capacity, sizeof(*xml->attrs));
    return &xml->attrs[xml->attrs_count++];
}

/* Returns the closing quote of the value at p, or NULL after an error. */
static const char *skip_value(ConfXmlScanner *scanner, const char *p, char quote)
{
    for (;;) {
        const char *after = NULL;
        gunichar c;

        p = conf_xml_skip_value_bytes(p, scanner->end);
        while (conf_xml_is_a(*p, CONF_XML_VALUE))
            p++;
        if (*p == quote)
            return p;
        if (*p == '"' || *p == '\'')
            after = p + 1;
        else if (*p == '&')
            after = conf_xml_read_reference(p, &c);
        else if ((guchar)*p >= 0x80)
            after = conf_xml_skip_wide(p, scanner->is_one_byte);
        if (!after) {
            conf_xml_fail(scanner, p, "an attribute's value has an invalid character or reference, or does not end");
            return NULL;
        }
        p = after;
    }
}

static gboolean scan_attribute(ConfXmlScanner *scanner, guint number)
{
    const char *name = scanner->at;
    const char *name_end = conf_xml_skip_name(name, scanner->end, scanner->is_one_byte);
    const char *p = conf_xml_skip_spaces(name_end);
    const char *value_end;

    if (name_end == name)
        return conf_xml_fail(scanner, name, "a tag has something that is not an attribute");
    if (*p != '=')
        return conf_xml_fail(scanner, p, "an attribute has no value");
    p = conf_xml_skip_spaces(p + 1);
    if (*p != '"' && *p != '\'')
        return conf_xml_fail(scanner, p, "an attribute's value is not in quotes");
    value_end = skip_value(scanner, p + 1, *p);
    if (!value_end)
        return FALSE;
    scanner->at = value_end + 1;
    *add_attr(scanner->xml) =
        (ConfXmlAttr){ conf_xml_offset(scanner, name), conf_xml_offset(scanner, name_end),
                       conf_xml_offset(scanner, p + 1), conf_xml_offset(scanner, value_end), number };
    return TRUE;
}

static gboolean is_repeated(ConfXmlScanner *scanner, const ConfXmlAttr *attr)
{
    const char *name = scanner->text + attr->name;

    return attr->number <= CONF_ATTRIBUTES_MAX &&
           conf_xml_scope_is_repeated(scanner->scope, scanner->xml->elements_count + 1, name,
                                      attr->name_end - attr->name);
}

static gboolean has_same_name(const ConfXmlScanner *scanner, const ConfXmlAttr *a, const ConfXmlAttr *b)
{
    const gsize length = a->name_end - a->name;
    const char *x = scanner->text + a->name;
    const char *y = scanner->text + b->name;

    return length == b->name_end - b->name && *x == *y && memcmp(x, y, length) == 0;
}

/*
 * Checks the name of the last attribute, and declares its namespace. A linear search finds a repeated name among the
 * first few attributes. From the first namespace declaration on, or with many attributes, the hash table of the scope
 * has the names.
 */
static gboolean check_attribute(ConfXmlScanner *scanner, gboolean *is_hashed)
{
    const ConfXmlAttr *attr = &scanner->xml->attrs[scanner->xml->attrs_count - 1];
    const ConfXmlAttr *first = attr - (attr->number - 1);
    const char *name = scanner->text + attr->name;
    gboolean declares = conf_xml_is_declaration(name, scanner->text + attr->name_end);
    gboolean repeated = FALSE;

    if (!declares && conf_xml_has_colon(name, scanner->text + attr->name_end, scanner->end))
        scanner->xml->has_prefixes = TRUE;
    if (!*is_hashed && (declares || attr->number > COMPARED_MAX)) {
        for (const ConfXmlAttr *before = first; before < attr; before++)
            is_repeated(scanner, before);
        *is_hashed = TRUE;
    }
    if (declares && !conf_xml_scope_declare(scanner->scope, scanner->xml, attr))
        return TRUE;
    if (*is_hashed)
        repeated = is_repeated(scanner, attr);
    else
        for (const ConfXmlAttr *before = first; before < attr; before++)
            repeated |= has_same_name(scanner, before, attr);
    return !repeated || conf_xml_fail(scanner, name, "an attribute is given twice");
}

gboolean conf_xml_scan_attributes(ConfXmlScanner *scanner, const char *element)
{
    gboolean is_hashed = FALSE;
    guint count = 0;

    for (;;) {
        const char *p = conf_xml_skip_spaces(scanner->at);

        if (*p == '>' || (p[0] == '/' && p[1] == '>')) {
            scanner->at = p;
            conf_xml_note_count(scanner, "attributes", element, count, CONF_ATTRIBUTES_MAX);
            return TRUE;
        }
        if (p == scanner->at)
            return conf_xml_fail(scanner, p, "a tag has an invalid character, or does not end");
        scanner->at = p;
        if (!scan_attribute(scanner, ++count) || !check_attribute(scanner, &is_hashed))
            return FALSE;
    }
}
