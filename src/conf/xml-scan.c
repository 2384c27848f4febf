/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-scan.h"

#include <string.h>

#include "conf/xml-chars.h"
#include "conf/xml-declaration.h"
#include "conf/xml-scope.h"
#include "util/error.h"

#define BOM "\xef\xbb\xbf"
#define CDATA "<![CDATA["

/* An element with more attributes has their names in a hash table. */
#define COMPARED_MAX 8

/* An element whose end tag has not been read. */
typedef struct {
    guint32 element;           /* index into elements */
    guint declarations;        /* in scope before it */
    guint32 default_namespace; /* before it */
} Open;

typedef struct {
    CcwXml *xml;
    const char *text;
    const char *end;
    const char *at;
    const char *markup_end; /* where the last markup before at ended */
    gboolean is_blank;      /* nothing but white space stands between the two */
    Open *open;
    guint32 open_count, open_room;
    gboolean any_byte; /* the encoding has one byte for each character */
    const char *fault; /* what is wrong where at is */
    const char *other; /* the place that the last word of fault is about, or NULL */
    CcwXmlScope *scope;
} Scanner;

static gboolean fail(Scanner *scanner, const char *at, const char *fault)
{
    scanner->at = at;
    scanner->fault = fault;
    return FALSE;
}

static const char *skip_spaces(const char *p)
{
    while (ccw_xml_is_space(*p))
        p++;
    return p;
}

static guint32 offset_of(const Scanner *scanner, const char *p)
{
    return (guint32)(p - scanner->text);
}

/* An array with as much room again. */
static gpointer grow(gpointer items, guint32 *room, gsize item_size)
{
    *room = MAX(2 * *room, 16);
    return g_realloc_n(items, *room, item_size);
}

static CcwXmlElement *add_element(CcwXml *xml)
{
    if (xml->elements_count == xml->elements_room)
        xml->elements = grow(xml->elements, &xml->elements_room, sizeof(*xml->elements));
    return &xml->elements[xml->elements_count++];
}

static CcwXmlAttr *add_attr(CcwXml *xml)
{
    if (xml->attrs_count == xml->attrs_room)
        xml->attrs = grow(xml->attrs, &xml->attrs_room, sizeof(*xml->attrs));
    return &xml->attrs[xml->attrs_count++];
}

static void add_open(Scanner *scanner, const Open *open)
{
    if (scanner->open_count == scanner->open_room)
        scanner->open = grow(scanner->open, &scanner->open_room, sizeof(*scanner->open));
    scanner->open[scanner->open_count++] = *open;
}

/* The innermost element that is still open. */
static const Open *last_open(const Scanner *scanner)
{
    return &scanner->open[scanner->open_count - 1];
}

const char *ccw_xml_prefix_end(const char *name, const char *name_end)
{
    const char *colon = name;

    while (colon < name_end && *colon != ':')
        colon++;
    if (colon == name_end || colon == name || colon[1] == ':' || !ccw_xml_starts_name(colon + 1, FALSE))
        return NULL;
    return colon;
}

gboolean ccw_xml_is_declaration(const char *name, const char *name_end)
{
    const char *colon;

    if (*name != 'x' || !ccw_xml_starts_with(name, "xmlns"))
        return FALSE;
    colon = ccw_xml_prefix_end(name, name_end);
    return colon ? colon - name == strlen("xmlns") : name_end - name == strlen("xmlns");
}

static void note_excess(Scanner *scanner, const char *what, const char *element, guint count, guint max)
{
    if (!scanner->xml->excess.what && count > max)
        scanner->xml->excess = (CcwXmlExcess){ what, offset_of(scanner, element), count, max };
}

/* The end of the value at p, where its quote is; NULL, with at moved to what is wrong, if it is broken. */
static const char *skip_value(Scanner *scanner, const char *p, char quote)
{
    for (;;) {
        const char *after = NULL;
        gunichar c;

        p = ccw_xml_skip_value_bytes(p, scanner->end);
        while (ccw_xml_is_a(*p, CCW_XML_VALUE))
            p++;
        if (*p == quote)
            return p;
        if (*p == '"' || *p == '\'')
            after = p + 1;
        else if (*p == '&')
            after = ccw_xml_read_reference(p, &c);
        else if ((guchar)*p >= 0x80)
            after = ccw_xml_skip_wide(p, scanner->any_byte);
        if (!after) {
            fail(scanner, p, "an attribute's value has an invalid character or reference, or does not end");
            return NULL;
        }
        p = after;
    }
}

static gboolean scan_attribute(Scanner *scanner, guint number)
{
    const char *name = scanner->at;
    const char *name_end = ccw_xml_skip_name(name, scanner->end, scanner->any_byte);
    const char *p = skip_spaces(name_end);
    const char *value_end;

    if (name_end == name)
        return fail(scanner, name, "a tag has something that is not an attribute");
    if (*p != '=')
        return fail(scanner, p, "an attribute has no value");
    p = skip_spaces(p + 1);
    if (*p != '"' && *p != '\'')
        return fail(scanner, p, "an attribute's value is not in quotes");
    value_end = skip_value(scanner, p + 1, *p);
    if (!value_end)
        return FALSE;
    scanner->at = value_end + 1;
    *add_attr(scanner->xml) = (CcwXmlAttr){ offset_of(scanner, name), offset_of(scanner, name_end),
                                            offset_of(scanner, p + 1), offset_of(scanner, value_end), number };
    return TRUE;
}

static gboolean has_colon(const Scanner *scanner, const char *name, const char *name_end)
{
    if (name_end - name > CCW_XML_WORD || scanner->end - name < CCW_XML_WORD)
        return memchr(name, ':', (gsize)(name_end - name)) != NULL;
    return ccw_xml_count_before(ccw_xml_zeros(ccw_xml_load(name) ^ CCW_XML_EACH(':'))) < name_end - name;
}

static gboolean is_repeated(Scanner *scanner, const CcwXmlAttr *attr)
{
    const char *name = scanner->text + attr->name;

    return attr->number <= CCW_CONF_ATTRIBUTES_MAX &&
           ccw_xml_scope_is_repeated(scanner->scope, scanner->xml->elements_count + 1, name,
                                     attr->name_end - attr->name);
}

static gboolean has_same_name(const Scanner *scanner, const CcwXmlAttr *a, const CcwXmlAttr *b)
{
    const gsize length = a->name_end - a->name;
    const char *x = scanner->text + a->name;
    const char *y = scanner->text + b->name;

    return length == b->name_end - b->name && *x == *y && memcmp(x, y, length) == 0;
}

/*
 * Does the last attribute go with those before it? The first few are compared with each other. From the first
 * declaration of a namespace on, or when there are many, the hash table has the names, which knows them by number.
 */
static gboolean take_attribute(Scanner *scanner, gboolean *is_hashed)
{
    const CcwXmlAttr *attr = &scanner->xml->attrs[scanner->xml->attrs_count - 1];
    const CcwXmlAttr *first = attr - (attr->number - 1);
    const char *name = scanner->text + attr->name;
    gboolean declares = ccw_xml_is_declaration(name, scanner->text + attr->name_end);
    gboolean repeated = FALSE;

    if (!declares && has_colon(scanner, name, scanner->text + attr->name_end))
        scanner->xml->has_prefixes = TRUE;
    if (!*is_hashed && (declares || attr->number > COMPARED_MAX)) {
        for (const CcwXmlAttr *before = first; before < attr; before++)
            is_repeated(scanner, before);
        *is_hashed = TRUE;
    }
    if (declares && !ccw_xml_scope_declare(scanner->scope, scanner->xml, attr))
        return TRUE;
    if (*is_hashed)
        repeated = is_repeated(scanner, attr);
    else
        for (const CcwXmlAttr *before = first; before < attr; before++)
            repeated |= has_same_name(scanner, before, attr);
    return !repeated || fail(scanner, name, "an attribute is given twice");
}

/* Up to the end of the start tag, which is '>' or "/>". */
static gboolean scan_attributes(Scanner *scanner, const char *element)
{
    gboolean is_hashed = FALSE;
    guint count = 0;

    for (;;) {
        const char *p = skip_spaces(scanner->at);

        if (*p == '>' || (p[0] == '/' && p[1] == '>')) {
            scanner->at = p;
            note_excess(scanner, "attributes", element, count, CCW_CONF_ATTRIBUTES_MAX);
            return TRUE;
        }
        if (p == scanner->at)
            return fail(scanner, p, "a tag has an invalid character, or does not end");
        scanner->at = p;
        if (!scan_attribute(scanner, ++count) || !take_attribute(scanner, &is_hashed))
            return FALSE;
    }
}

static void close_scope(Scanner *scanner, const Open *open)
{
    scanner->scope->count = open->declarations;
    scanner->scope->default_namespace = open->default_namespace;
}

/* What is known of an element when its start tag has been read. Its attributes are the last ones. */
static void make_element(Scanner *scanner, const char *start, const char *name_end, guint32 attr)
{
    CcwXml *xml = scanner->xml;
    const char *colon = has_colon(scanner, start + 1, name_end) ? ccw_xml_prefix_end(start + 1, name_end) : NULL;
    gboolean is_gap = scanner->is_blank && (scanner->markup_end == scanner->text || scanner->markup_end[-1] == '>');
    guint32 tag_end = offset_of(scanner, scanner->at);
    CcwXmlElement *element = add_element(xml);

    *element = (CcwXmlElement){
        .xml = xml,
        .span = { offset_of(scanner, start), tag_end, tag_end, tag_end },
        .gap = offset_of(scanner, is_gap ? scanner->markup_end : start),
        .name_end = offset_of(scanner, name_end),
        .local = offset_of(scanner, start + 1),
        .size = 1,
        .parent = scanner->open_count > 0 ? xml->elements_count - 1 - last_open(scanner)->element : 0,
        .namespace = scanner->scope->default_namespace,
        .attr = attr,
        .attrs = xml->attrs_count - attr,
    };
    if (colon)
        element->namespace = ccw_xml_scope_find(scanner->scope, start + 1, (gsize)(colon - start - 1));
    if (colon && element->namespace)
        element->local = offset_of(scanner, colon + 1);
}

static gboolean scan_start_tag(Scanner *scanner)
{
    const Open open = { scanner->xml->elements_count, scanner->scope->count, scanner->scope->default_namespace };
    const guint32 attr = scanner->xml->attrs_count;
    const char *start = scanner->at;
    const char *name_end = ccw_xml_skip_name(start + 1, scanner->end, scanner->any_byte);
    gboolean is_empty;

    if (name_end == start + 1)
        return fail(scanner, start, "a tag has no name");
    scanner->at = name_end;
    if (!scan_attributes(scanner, start))
        return FALSE;
    is_empty = *scanner->at == '/';
    scanner->at += is_empty ? 2 : 1;
    note_excess(scanner, "namespace declarations in scope", start, scanner->scope->count, CCW_CONF_NAMESPACES_MAX);
    note_excess(scanner, "levels of nesting", start, scanner->open_count + 1, CCW_CONF_DEPTH_MAX);
    make_element(scanner, start, name_end, attr);
    if (is_empty)
        close_scope(scanner, &open);
    else
        add_open(scanner, &open);
    return TRUE;
}

/* One past the name at p if it is that one, else NULL. */
static const char *skip_same_name(const char *p, const char *name, const char *name_end)
{
    while (name < name_end && *p == *name) {
        p++;
        name++;
    }
    return name == name_end ? p : NULL;
}

static gboolean scan_end_tag(Scanner *scanner)
{
    CcwXmlElement *element;
    const Open *open;
    const char *p;

    if (scanner->open_count == 0)
        return fail(scanner, scanner->at, "there is an end tag without a start tag");
    open = last_open(scanner);
    element = &scanner->xml->elements[open->element];
    p = skip_same_name(scanner->at + 2, scanner->text + element->span.start + 1, scanner->text + element->name_end);
    if (!p || *(p = skip_spaces(p)) != '>') {
        scanner->other = scanner->text + element->span.start;
        return fail(scanner, scanner->at, "an end tag does not match the start tag in line");
    }
    element->span.content_end = offset_of(scanner, scanner->at);
    element->span.end = offset_of(scanner, p + 1);
    element->size = scanner->xml->elements_count - open->element;
    close_scope(scanner, open);
    scanner->open_count--;
    scanner->at = p + 1;
    return TRUE;
}

/* The first place from p on at which end stands; NULL, with at moved to what is wrong, if there is none. */
static const char *skip_to(Scanner *scanner, const char *p, const char *end)
{
    while (*p != *end || !ccw_xml_starts_with(p, end)) {
        const char *after = NULL;

        if ((guchar)*p >= 0x80)
            after = ccw_xml_skip_wide(p, scanner->any_byte);
        else if ((guchar)*p >= 0x20 || ccw_xml_is_space(*p))
            after = p + 1;
        if (!after) {
            fail(scanner, p, "a comment, CDATA section or instruction has an invalid character, or does not end");
            return NULL;
        }
        p = after;
    }
    return p;
}

static gboolean scan_comment(Scanner *scanner)
{
    const char *end = skip_to(scanner, scanner->at + strlen("<!--"), "--");

    if (end && end[2] != '>')
        return fail(scanner, end, "a comment has '--' in it");
    if (end)
        scanner->at = end + strlen("-->");
    return end != NULL;
}

static gboolean scan_cdata(Scanner *scanner)
{
    const char *end = skip_to(scanner, scanner->at + strlen(CDATA), "]]>");

    if (end)
        scanner->at = end + strlen("]]>");
    return end != NULL;
}

static gboolean scan_instruction(Scanner *scanner)
{
    const char *target = scanner->at + 2;
    const char *p = ccw_xml_skip_name(target, scanner->end, scanner->any_byte);

    if (p == target)
        return fail(scanner, target, "a processing instruction has no name");
    if (p - target == 3 && g_ascii_strncasecmp(target, "xml", 3) == 0)
        return fail(scanner, target, "an XML declaration is not at the start");
    if (!ccw_xml_starts_with(p, "?>")) {
        if (!ccw_xml_is_space(*p))
            return fail(scanner, p, "the name of a processing instruction has an invalid character");
        p = skip_to(scanner, p, "?>");
    }
    if (p)
        scanner->at = p + 2;
    return p != NULL;
}

/* Up to the next '<', or to the end. */
static gboolean scan_text(Scanner *scanner)
{
    const char *p = scanner->at;

    if (*p == '\n')
        p = ccw_xml_skip_blanks(p + 1, scanner->end);
    p = skip_spaces(p);
    scanner->is_blank = *p == '<';
    for (;;) {
        const char *after = NULL;
        gunichar c;

        while (ccw_xml_is_a(*p, CCW_XML_TEXT))
            p++;
        if (*p == '<' || *p == '\0') {
            scanner->at = p;
            return TRUE;
        }
        if (*p == ']')
            after = ccw_xml_starts_with(p, "]]>") ? NULL : p + 1;
        else if (*p == '&')
            after = ccw_xml_read_reference(p, &c);
        else if ((guchar)*p >= 0x80)
            after = ccw_xml_skip_wide(p, scanner->any_byte);
        if (!after)
            return fail(scanner, p, "there is an invalid character or reference, or ']]>'");
        p = after;
    }
}

static gboolean scan_markup(Scanner *scanner)
{
    const char *p = scanner->at;

    if (p[1] == '/')
        return scan_end_tag(scanner);
    if (p[1] == '?')
        return scan_instruction(scanner);
    if (p[1] == '!' && ccw_xml_starts_with(p, "<!--"))
        return scan_comment(scanner);
    if (p[1] == '!' && scanner->open_count > 0 && ccw_xml_starts_with(p, CDATA))
        return scan_cdata(scanner);
    if (scanner->open_count == 0 && scanner->xml->elements_count > 0)
        return fail(scanner, p, "there is something after the root element");
    return scan_start_tag(scanner);
}

/* Outside of the root element there is only white space between markup. */
static gboolean scan_to_markup(Scanner *scanner)
{
    scanner->markup_end = scanner->at;
    if (scanner->open_count > 0)
        return scan_text(scanner);
    scanner->at = skip_spaces(scanner->at);
    scanner->is_blank = TRUE;
    return TRUE;
}

static gboolean scan_document(Scanner *scanner)
{
    const CcwXml *xml = scanner->xml;

    for (;;) {
        if (!scan_to_markup(scanner))
            return FALSE;
        if (*scanner->at != '<')
            break;
        if (xml->elements_count == 0 && ccw_xml_starts_with(scanner->at, "<!DOCTYPE")) {
            scanner->xml->opaque = "document type declaration";
            return TRUE;
        }
        if (!scan_markup(scanner))
            return FALSE;
    }
    if (scanner->open_count > 0) {
        scanner->other = scanner->text + xml->elements[last_open(scanner)->element].span.start;
        return fail(scanner, scanner->at, "there is no end tag for the start tag in line");
    }
    if (*scanner->at != '\0' || xml->elements_count == 0)
        return fail(scanner, scanner->at,
                    xml->elements_count == 0 ? "there is no root element" : "there is text after the end");
    return TRUE;
}

static gboolean scan_declaration(Scanner *scanner)
{
    CcwXmlEncoding encoding;
    const char *end = ccw_xml_read_declaration(scanner->at, &encoding);

    if (!end)
        return fail(scanner, scanner->at, "the XML declaration is broken");
    scanner->any_byte = encoding == CCW_XML_ONE_BYTE;
    scanner->xml->opaque = encoding == CCW_XML_OTHER ? "encoding" : NULL;
    scanner->at = end;
    return TRUE;
}

static gboolean scan(Scanner *scanner)
{
    if (ccw_xml_starts_with(scanner->at, BOM))
        scanner->at += strlen(BOM);
    if (ccw_xml_has_declaration(scanner->at) && !scan_declaration(scanner))
        return FALSE;
    return scanner->xml->opaque || scan_document(scanner);
}

gboolean ccw_xml_scan(CcwXml *xml, GError **error)
{
    CcwXmlScope scope; /* large, and little of it is used by most documents */
    Scanner scanner = {
        .xml = xml, .text = xml->text, .end = xml->text + xml->length, .at = xml->text, .scope = &scope
    };
    gboolean is_well_formed;

    ccw_xml_scope_init(&scope, xml);
    is_well_formed = scan(&scanner);
    g_free(scanner.open);
    if (is_well_formed)
        return TRUE;
    if (scanner.other)
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %u: %s %u",
                    ccw_xml_line(xml, offset_of(&scanner, scanner.at)), scanner.fault,
                    ccw_xml_line(xml, offset_of(&scanner, scanner.other)));
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %u: %s",
                    ccw_xml_line(xml, offset_of(&scanner, scanner.at)), scanner.fault);
    return FALSE;
}
