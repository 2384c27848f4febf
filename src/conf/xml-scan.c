/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-scan.h"

#include <string.h>

#include "conf/xml-attributes.h"
#include "conf/xml-chars.h"
#include "conf/xml-declaration.h"
#include "conf/xml-name.h"
#include "conf/xml-scanner.h"

#define BOM "\xef\xbb\xbf"
#define CDATA "<![CDATA["

static ConfXmlElement *add_element(ConfXml *xml)
{
    if (xml->elements_count == xml->elements_capacity)
        xml->elements = conf_xml_grow(xml->elements, &xml->elements_capacity, sizeof(*xml->elements));
    return &xml->elements[xml->elements_count++];
}

static void add_open(ConfXmlScanner *scanner, const ConfXmlOpenElement *open)
{
    if (scanner->open_count == scanner->open_capacity)
        scanner->open = conf_xml_grow(scanner->open, &scanner->open_capacity, sizeof(*scanner->open));
    scanner->open[scanner->open_count++] = *open;
}

/* Returns the innermost open element. */
static const ConfXmlOpenElement *last_open(const ConfXmlScanner *scanner)
{
    return &scanner->open[scanner->open_count - 1];
}

static void close_scope(ConfXmlScanner *scanner, const ConfXmlOpenElement *open)
{
    scanner->scope->count = open->declarations;
    scanner->scope->default_namespace = open->default_namespace;
}

/* Adds an element whose start tag the scanner has read. attr: index of its first attribute; the others follow. */
static void make_element(ConfXmlScanner *scanner, const char *start, const char *name_end, guint32 attr)
{
    ConfXml *xml = scanner->xml;
    gboolean has_colon = conf_xml_has_colon(start + 1, name_end, scanner->end);
    const char *colon = has_colon ? conf_xml_prefix_end(start + 1, name_end) : NULL;
    gboolean is_gap = scanner->is_blank && (scanner->markup_end == scanner->text || scanner->markup_end[-1] == '>');
    guint32 tag_end = conf_xml_offset(scanner, scanner->at);
    ConfXmlElement *element = add_element(xml);

    *element = (ConfXmlElement){
        .xml = xml,
        .span = { conf_xml_offset(scanner, start), tag_end, tag_end, tag_end },
        .gap = conf_xml_offset(scanner, is_gap ? scanner->markup_end : start),
        .name_end = conf_xml_offset(scanner, name_end),
        .local = conf_xml_offset(scanner, start + 1),
        .size = 1,
        .parent = scanner->open_count > 0 ? xml->elements_count - 1 - last_open(scanner)->element : 0,
        .namespace = scanner->scope->default_namespace,
        .attr = attr,
        .attrs = xml->attrs_count - attr,
    };
    if (colon)
        element->namespace = conf_xml_scope_find(scanner->scope, start + 1, (gsize)(colon - start - 1));
    if (colon && element->namespace)
        element->local = conf_xml_offset(scanner, colon + 1);
}

static gboolean scan_start_tag(ConfXmlScanner *scanner)
{
    const ConfXmlOpenElement open = { scanner->xml->elements_count, scanner->scope->count,
                                      scanner->scope->default_namespace };
    const guint32 attr = scanner->xml->attrs_count;
    const char *start = scanner->at;
    const char *name_end = conf_xml_skip_name(start + 1, scanner->end, scanner->is_one_byte);
    gboolean is_empty;

    if (name_end == start + 1)
        return conf_xml_fail(scanner, start, "a tag has no name");
    scanner->at = name_end;
    if (!conf_xml_scan_attributes(scanner, start))
        return FALSE;
    is_empty = *scanner->at == '/';
    scanner->at += is_empty ? 2 : 1;
    conf_xml_note_count(scanner, "namespace declarations in scope", start, scanner->scope->count, CONF_NAMESPACES_MAX);
    conf_xml_note_count(scanner, "levels of nesting", start, scanner->open_count + 1, CONF_DEPTH_MAX);
    make_element(scanner, start, name_end, attr);
    if (is_empty)
        close_scope(scanner, &open);
    else
        add_open(scanner, &open);
    return TRUE;
}

/* Returns one past the name at p if it is equal to name..name_end, else NULL. */
static const char *skip_same_name(const char *p, const char *name, const char *name_end)
{
    while (name < name_end && *p == *name) {
        p++;
        name++;
    }
    return name == name_end ? p : NULL;
}

static gboolean scan_end_tag(ConfXmlScanner *scanner)
{
    ConfXmlElement *element;
    const ConfXmlOpenElement *open;
    const char *p;

    if (scanner->open_count == 0)
        return conf_xml_fail(scanner, scanner->at, "there is an end tag without a start tag");
    open = last_open(scanner);
    element = &scanner->xml->elements[open->element];
    p = skip_same_name(scanner->at + 2, scanner->text + element->span.start + 1, scanner->text + element->name_end);
    if (!p || *(p = conf_xml_skip_spaces(p)) != '>') {
        scanner->other = scanner->text + element->span.start;
        return conf_xml_fail(scanner, scanner->at, "an end tag does not match the start tag in line");
    }
    element->span.content_end = conf_xml_offset(scanner, scanner->at);
    element->span.end = conf_xml_offset(scanner, p + 1);
    element->size = scanner->xml->elements_count - open->element;
    close_scope(scanner, open);
    scanner->open_count--;
    scanner->at = p + 1;
    return TRUE;
}

/* Returns the first occurrence of end from p on, or NULL after an error. */
static const char *skip_to(ConfXmlScanner *scanner, const char *p, const char *end)
{
    while (*p != *end || !conf_xml_starts_with(p, end)) {
        const char *after = NULL;

        if ((guchar)*p >= 0x80)
            after = conf_xml_skip_wide(p, scanner->is_one_byte);
        else if ((guchar)*p >= 0x20 || conf_xml_is_space(*p))
            after = p + 1;
        if (!after) {
            conf_xml_fail(scanner, p,
                          "a comment, CDATA section or instruction has an invalid character, or does not end");
            return NULL;
        }
        p = after;
    }
    return p;
}

static gboolean scan_comment(ConfXmlScanner *scanner)
{
    const char *end = skip_to(scanner, scanner->at + strlen("<!--"), "--");

    if (end && end[2] != '>')
        return conf_xml_fail(scanner, end, "a comment has '--' in it");
    if (end)
        scanner->at = end + strlen("-->");
    return end != NULL;
}

static gboolean scan_cdata(ConfXmlScanner *scanner)
{
    const char *end = skip_to(scanner, scanner->at + strlen(CDATA), "]]>");

    if (end)
        scanner->at = end + strlen("]]>");
    return end != NULL;
}

static gboolean scan_instruction(ConfXmlScanner *scanner)
{
    const char *target = scanner->at + 2;
    const char *p = conf_xml_skip_name(target, scanner->end, scanner->is_one_byte);

    if (p == target)
        return conf_xml_fail(scanner, target, "a processing instruction has no name");
    if (p - target == 3 && g_ascii_strncasecmp(target, "xml", 3) == 0)
        return conf_xml_fail(scanner, target, "an XML declaration is not at the start");
    if (!conf_xml_starts_with(p, "?>")) {
        if (!conf_xml_is_space(*p))
            return conf_xml_fail(scanner, p, "the name of a processing instruction has an invalid character");
        p = skip_to(scanner, p, "?>");
    }
    if (p)
        scanner->at = p + 2;
    return p != NULL;
}

/* Scans to the next '<', or to the end of the text. */
static gboolean scan_text(ConfXmlScanner *scanner)
{
    const char *p = scanner->at;

    if (*p == '\n')
        p = conf_xml_skip_blanks(p + 1, scanner->end);
    p = conf_xml_skip_spaces(p);
    scanner->is_blank = *p == '<';
    for (;;) {
        const char *after = NULL;
        gunichar c;

        while (conf_xml_is_a(*p, CONF_XML_TEXT))
            p++;
        if (*p == '<' || *p == '\0') {
            scanner->at = p;
            return TRUE;
        }
        if (*p == ']')
            after = conf_xml_starts_with(p, "]]>") ? NULL : p + 1;
        else if (*p == '&')
            after = conf_xml_read_reference(p, &c);
        else if ((guchar)*p >= 0x80)
            after = conf_xml_skip_wide(p, scanner->is_one_byte);
        if (!after)
            return conf_xml_fail(scanner, p, "there is an invalid character or reference, or ']]>'");
        p = after;
    }
}

static gboolean scan_markup(ConfXmlScanner *scanner)
{
    const char *p = scanner->at;

    if (p[1] == '/')
        return scan_end_tag(scanner);
    if (p[1] == '?')
        return scan_instruction(scanner);
    if (p[1] == '!' && conf_xml_starts_with(p, "<!--"))
        return scan_comment(scanner);
    if (p[1] == '!' && scanner->open_count > 0 && conf_xml_starts_with(p, CDATA))
        return scan_cdata(scanner);
    if (scanner->open_count == 0 && scanner->xml->elements_count > 0)
        return conf_xml_fail(scanner, p, "there is something after the root element");
    return scan_start_tag(scanner);
}

/* Outside the root element, only white space may separate markup. */
static gboolean scan_to_markup(ConfXmlScanner *scanner)
{
    scanner->markup_end = scanner->at;
    if (scanner->open_count > 0)
        return scan_text(scanner);
    scanner->at = conf_xml_skip_spaces(scanner->at);
    scanner->is_blank = TRUE;
    return TRUE;
}

static gboolean scan_document(ConfXmlScanner *scanner)
{
    const ConfXml *xml = scanner->xml;

    for (;;) {
        if (!scan_to_markup(scanner))
            return FALSE;
        if (*scanner->at != '<')
            break;
        if (xml->elements_count == 0 && conf_xml_starts_with(scanner->at, "<!DOCTYPE")) {
            scanner->xml->opaque = "document type declaration";
            return TRUE;
        }
        if (!scan_markup(scanner))
            return FALSE;
    }
    if (scanner->open_count > 0) {
        scanner->other = scanner->text + xml->elements[last_open(scanner)->element].span.start;
        return conf_xml_fail(scanner, scanner->at, "there is no end tag for the start tag in line");
    }
    if (*scanner->at != '\0' || xml->elements_count == 0)
        return conf_xml_fail(scanner, scanner->at,
                             xml->elements_count == 0 ? "there is no root element" : "there is text after the end");
    return TRUE;
}

static gboolean scan_declaration(ConfXmlScanner *scanner)
{
    ConfXmlEncoding encoding;
    const char *end = conf_xml_read_declaration(scanner->at, &encoding);

    if (!end)
        return conf_xml_fail(scanner, scanner->at, "the XML declaration is broken");
    scanner->is_one_byte = encoding == CONF_XML_ONE_BYTE;
    scanner->xml->opaque = encoding == CONF_XML_OTHER ? "encoding" : NULL;
    scanner->at = end;
    return TRUE;
}

static gboolean scan_all(ConfXmlScanner *scanner)
{
    if (conf_xml_starts_with(scanner->at, BOM))
        scanner->at += strlen(BOM);
    if (conf_xml_has_declaration(scanner->at) && !scan_declaration(scanner))
        return FALSE;
    return scanner->xml->opaque || scan_document(scanner);
}

gboolean conf_xml_scan(ConfXml *xml, ConfXmlFault *ret_fault)
{
    ConfXmlScope scope; /* not initialised as a whole: it is large, and most documents use little of it */
    ConfXmlScanner scanner = {
        .xml = xml, .text = xml->text, .end = xml->text + xml->length, .at = xml->text, .scope = &scope
    };
    gboolean is_well_formed;

    conf_xml_scope_init(&scope, xml);
    is_well_formed = scan_all(&scanner);
    g_free(scanner.open);
    if (!is_well_formed)
        *ret_fault = (ConfXmlFault){
            .message = scanner.fault,
            .at = conf_xml_offset(&scanner, scanner.at),
            .has_other = scanner.other != NULL,
            .other = scanner.other ? conf_xml_offset(&scanner, scanner.other) : 0,
        };
    return is_well_formed;
}
