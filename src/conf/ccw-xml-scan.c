/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/ccw-xml-scan.h"

#include <string.h>

#include "conf/ccw-xml-chars.h"
#include "conf/ccw-xml-declaration.h"
#include "conf/ccw-xml-scope.h"
#include "util/ccw-error.h"

#define BOM "\xef\xbb\xbf"
#define CDATA "<![CDATA["

/* An element whose end tag has not been read. */
typedef struct {
    guint32 element;           /* index into elements */
    guint declarations;        /* in scope before it */
    guint32 default_namespace; /* before it */
} Open;

typedef struct {
    CcwXml *xml;
    const char *text;
    const char *at;
    const char *markup_end; /* where the last markup before at ended */
    GArray *open;           /* Open */
    gboolean any_byte;      /* the encoding has one byte for each character */
    const char *fault;      /* what is wrong where at is */
    const char *other;      /* the place that the last word of fault is about, or NULL */
    CcwXmlScope scope;
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

const char *ccw_xml_prefix_end(const char *name, const char *name_end)
{
    const char *colon = memchr(name, ':', (gsize)(name_end - name));

    if (!colon || colon == name || colon[1] == ':' || !ccw_xml_starts_name(colon + 1, FALSE))
        return NULL;
    return colon;
}

gboolean ccw_xml_is_declaration(const char *name, const char *name_end)
{
    const char *colon;

    if (*name != 'x' || !g_str_has_prefix(name, "xmlns"))
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
    while (*p != quote) {
        const char *after = NULL;
        gunichar c;

        if (ccw_xml_is_a(*p, CCW_XML_VALUE) || *p == '"' || *p == '\'')
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
    return p;
}

static gboolean scan_attribute(Scanner *scanner, CcwXmlAttr *ret_attr)
{
    const char *name = scanner->at;
    const char *name_end = ccw_xml_skip_name(name, scanner->any_byte);
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
    *ret_attr = (CcwXmlAttr){ offset_of(scanner, name), offset_of(scanner, name_end), offset_of(scanner, p + 1),
                              offset_of(scanner, value_end) };
    return TRUE;
}

/* Does the attribute go with those before it? Its number in the element is from 1. */
static gboolean take_attribute(Scanner *scanner, const CcwXmlAttr *attr, guint number)
{
    const char *name = scanner->text + attr->name;
    const char *name_end = scanner->text + attr->name_end;

    if (ccw_xml_is_declaration(name, name_end) && !ccw_xml_scope_declare(&scanner->scope, scanner->xml, attr))
        return TRUE;
    if (number <= CCW_CONF_ATTRIBUTES_MAX &&
        ccw_xml_scope_is_repeated(&scanner->scope, scanner->xml->elements->len + 1, name, (gsize)(name_end - name)))
        return fail(scanner, name, "an attribute is given twice");
    return TRUE;
}

/* Up to the end of the start tag, which is '>' or "/>". */
static gboolean scan_attributes(Scanner *scanner, const char *element)
{
    guint count = 0;

    for (;;) {
        const char *p = skip_spaces(scanner->at);
        CcwXmlAttr attr;

        if (*p == '>' || (p[0] == '/' && p[1] == '>')) {
            scanner->at = p;
            note_excess(scanner, "attributes", element, count, CCW_CONF_ATTRIBUTES_MAX);
            return TRUE;
        }
        if (p == scanner->at)
            return fail(scanner, p, "a tag has an invalid character, or does not end");
        scanner->at = p;
        if (!scan_attribute(scanner, &attr) || !take_attribute(scanner, &attr, ++count))
            return FALSE;
    }
}

static void close_scope(Scanner *scanner, const Open *open)
{
    scanner->scope.count = open->declarations;
    scanner->scope.default_namespace = open->default_namespace;
}

/* What is known of an element when its start tag has been read. */
static CcwXmlElement make_element(const Scanner *scanner, const char *start, const char *name_end)
{
    const char *colon = ccw_xml_prefix_end(start + 1, name_end);
    guint depth = scanner->open->len;
    gboolean is_gap = scanner->markup_end == scanner->text || scanner->markup_end[-1] == '>';
    CcwXmlElement element = {
        .text = scanner->text,
        .gap = offset_of(scanner, is_gap && skip_spaces(scanner->markup_end) == start ? scanner->markup_end : start),
        .name_end = offset_of(scanner, name_end),
        .local = offset_of(scanner, start + 1),
        .size = 1,
        .namespace = scanner->scope.default_namespace,
    };

    element.span.start = offset_of(scanner, start);
    if (colon)
        element.namespace = ccw_xml_scope_find(&scanner->scope, start + 1, (gsize)(colon - start - 1));
    if (colon && element.namespace)
        element.local = offset_of(scanner, colon + 1);
    if (depth > 0)
        element.parent = scanner->xml->elements->len - g_array_index(scanner->open, Open, depth - 1).element;
    return element;
}

static gboolean scan_start_tag(Scanner *scanner)
{
    const Open open = { scanner->xml->elements->len, scanner->scope.count, scanner->scope.default_namespace };
    const char *start = scanner->at;
    const char *name_end = ccw_xml_skip_name(start + 1, scanner->any_byte);
    gboolean is_empty;
    CcwXmlElement element;

    if (name_end == start + 1)
        return fail(scanner, start, "a tag has no name");
    scanner->at = name_end;
    if (!scan_attributes(scanner, start))
        return FALSE;
    is_empty = *scanner->at == '/';
    scanner->at += is_empty ? 2 : 1;
    note_excess(scanner, "namespace declarations in scope", start, scanner->scope.count, CCW_CONF_NAMESPACES_MAX);
    note_excess(scanner, "levels of nesting", start, scanner->open->len + 1, CCW_CONF_DEPTH_MAX);
    element = make_element(scanner, start, name_end);
    element.span.tag_end = element.span.content_end = element.span.end = offset_of(scanner, scanner->at);
    g_array_append_val(scanner->xml->elements, element);
    if (is_empty)
        close_scope(scanner, &open);
    else
        g_array_append_val(scanner->open, open);
    return TRUE;
}

static gboolean scan_end_tag(Scanner *scanner)
{
    const char *name = scanner->at + 2;
    const char *p;
    const Open *open;
    CcwXmlElement *element;
    gsize length;

    if (scanner->open->len == 0)
        return fail(scanner, scanner->at, "there is an end tag without a start tag");
    open = &g_array_index(scanner->open, Open, scanner->open->len - 1);
    element = &g_array_index(scanner->xml->elements, CcwXmlElement, open->element);
    length = element->name_end - element->span.start - 1;
    if (strncmp(name, scanner->text + element->span.start + 1, length) != 0 ||
        *(p = skip_spaces(name + length)) != '>') {
        scanner->other = scanner->text + element->span.start;
        return fail(scanner, scanner->at, "an end tag does not match the start tag in line");
    }
    element->span.content_end = offset_of(scanner, scanner->at);
    element->span.end = offset_of(scanner, p + 1);
    element->size = scanner->xml->elements->len - open->element;
    close_scope(scanner, open);
    g_array_set_size(scanner->open, scanner->open->len - 1);
    scanner->at = p + 1;
    return TRUE;
}

/* The first place from p on at which end stands; NULL, with at moved to what is wrong, if there is none. */
static const char *skip_to(Scanner *scanner, const char *p, const char *end)
{
    while (*p != *end || !g_str_has_prefix(p, end)) {
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
    const char *p = ccw_xml_skip_name(target, scanner->any_byte);

    if (p == target)
        return fail(scanner, target, "a processing instruction has no name");
    if (p - target == 3 && g_ascii_strncasecmp(target, "xml", 3) == 0)
        return fail(scanner, target, "an XML declaration is not at the start");
    if (!g_str_has_prefix(p, "?>")) {
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
            after = g_str_has_prefix(p, "]]>") ? NULL : p + 1;
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
    if (p[1] == '!' && g_str_has_prefix(p, "<!--"))
        return scan_comment(scanner);
    if (p[1] == '!' && scanner->open->len > 0 && g_str_has_prefix(p, CDATA))
        return scan_cdata(scanner);
    if (scanner->open->len == 0 && scanner->xml->elements->len > 0)
        return fail(scanner, p, "there is something after the root element");
    return scan_start_tag(scanner);
}

static gboolean scan_document(Scanner *scanner)
{
    const GArray *elements = scanner->xml->elements;

    for (;;) {
        scanner->markup_end = scanner->at;
        if (scanner->open->len == 0)
            scanner->at = skip_spaces(scanner->at);
        else if (!scan_text(scanner))
            return FALSE;
        if (*scanner->at != '<')
            break;
        if (elements->len == 0 && g_str_has_prefix(scanner->at, "<!DOCTYPE")) {
            scanner->xml->opaque = "document type declaration";
            return TRUE;
        }
        if (!scan_markup(scanner))
            return FALSE;
    }
    if (scanner->open->len > 0) {
        const Open *open = &g_array_index(scanner->open, Open, scanner->open->len - 1);

        scanner->other = scanner->text + g_array_index(elements, CcwXmlElement, open->element).span.start;
        return fail(scanner, scanner->at, "there is no end tag for the start tag in line");
    }
    if (*scanner->at != '\0' || elements->len == 0)
        return fail(scanner, scanner->at,
                    elements->len == 0 ? "there is no root element" : "there is text after the end");
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
    if (g_str_has_prefix(scanner->at, BOM))
        scanner->at += strlen(BOM);
    if (ccw_xml_has_declaration(scanner->at) && !scan_declaration(scanner))
        return FALSE;
    return scanner->xml->opaque || scan_document(scanner);
}

gboolean ccw_xml_scan(CcwXml *xml, GError **error)
{
    g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(Open));
    Scanner scanner = { .xml = xml, .text = xml->text, .at = xml->text, .open = open };

    ccw_xml_scope_init(&scanner.scope, xml);
    if (scan(&scanner))
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
