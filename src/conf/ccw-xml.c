/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/ccw-xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "conf/ccw-conf.h"
#include "conf/ccw-xml-error.h"
#include "util/ccw-error.h"

/*
 * Encodings in which a byte below 0x80 is that ASCII character wherever it stands, and ASCII text may be put anywhere.
 * Patterns, matched in upper case.
 */
static const char *const ascii_supersets[] = {
    "UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-*", "ISO_8859-*", "ISO-LATIN-*", "WINDOWS-125?", "CP125?",
};

/* Of libvirt's documents, about; for how much memory is asked at first. */
#define BYTES_PER_ELEMENT 40

static gboolean is_ascii_superset(const xmlChar *encoding)
{
    g_autofree char *name = encoding ? g_ascii_strup((const char *)encoding, -1) : NULL;

    if (!name)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(ascii_supersets); i++)
        if (g_pattern_match_simple(ascii_supersets[i], name))
            return TRUE;
    return FALSE;
}

static void set_parser_error(xmlParserCtxt *context, GError **error)
{
    const xmlError *last = xmlCtxtGetLastError(context);
    g_autofree char *message = g_strdup(last && last->message ? last->message : "no root element");

    g_strdelimit(message, "\n\r", ' ');
    g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %d: %s", last ? last->line : 1,
                g_strchomp(message));
}

static void ignore_error(void *data G_GNUC_UNUSED, CcwXmlError *from G_GNUC_UNUSED)
{
}

/* Errors of the decoder bypass the parser's context and would be printed. The handler is the thread's own. */
static xmlDoc *parse_quietly(xmlParserCtxt *context, const char *text, gsize length)
{
    xmlStructuredErrorFunc handler = xmlStructuredError;
    void *data = xmlStructuredErrorContext;
    xmlDoc *doc;

    xmlSetStructuredErrorFunc(NULL, ignore_error);
    doc = xmlCtxtReadMemory(context, text, (int)length, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    xmlSetStructuredErrorFunc(data, handler);
    return doc;
}

xmlDoc *ccw_xml_parse(const char *text, GError **error)
{
    static gsize initialised = 0;
    gsize length = strnlen(text, CCW_CONF_XML_MAX + 1);
    xmlParserCtxt *context;
    xmlDoc *doc;

    if (g_once_init_enter(&initialised)) {
        xmlInitParser();
        g_once_init_leave(&initialised, 1);
    }
    if (length > CCW_CONF_XML_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is longer than %u bytes, the most that libvirt takes",
                    CCW_CONF_XML_MAX);
        return NULL;
    }
    context = xmlNewParserCtxt();
    if (!context)
        g_error("out of memory");
    doc = parse_quietly(context, text, length);
    if (doc && !context->wellFormed) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    if (!doc)
        set_parser_error(context, error);
    xmlFreeParserCtxt(context);
    return doc;
}

/* The next element in document order. */
static xmlNode *next_in_document(xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && node->children)
        node = node->children;
    else {
        while (node && !node->next)
            node = node->parent;
        node = node ? node->next : NULL;
    }
    while (node && node->type != XML_ELEMENT_NODE) {
        while (node && !node->next)
            node = node->parent;
        node = node ? node->next : NULL;
    }
    return node;
}

/* Names beyond ASCII are not compared: libxml2 has them in UTF-8, the text may not. */
static gboolean has_name(const CcwXml *xml, const CcwXmlSpan *span, const xmlNode *element)
{
    const char *at = xml->text + span->start + 1;
    gsize length = ccw_xml_name_end(xml->text, span) - span->start - 1;
    const char *prefix = element->ns ? (const char *)element->ns->prefix : NULL;
    gsize prefix_length = prefix ? strlen(prefix) + 1 : 0;

    for (gsize i = 0; i < length; i++)
        if ((guchar)at[i] >= 0x80)
            return TRUE;
    if (length != prefix_length + strlen((const char *)element->name))
        return FALSE;
    return (!prefix || (memcmp(at, prefix, prefix_length - 1) == 0 && at[prefix_length - 1] == ':')) &&
           memcmp(at + prefix_length, element->name, length - prefix_length) == 0;
}

/* Gives each element of the tree its span. FALSE if the two do not agree, which then is no document to edit. */
static gboolean match_up(CcwXml *xml)
{
    xmlNode *node = xmlDocGetRootElement(xml->doc);
    guint n = 0;

    for (; node && n < xml->spans->len; n++) {
        CcwXmlSpan *span = &g_array_index(xml->spans, CcwXmlSpan, n);

        if (!has_name(xml, span, node))
            return FALSE;
        node->_private = span;
        node = next_in_document(node);
    }
    return !node && n == xml->spans->len;
}

CcwXml *ccw_xml_open(const char *text, GError **error)
{
    g_autoptr(CcwXml) xml = g_new0(CcwXml, 1);
    CcwXmlScan scan;

    xml->text = text;
    xml->length = strnlen(text, CCW_CONF_XML_MAX + 1);
    xml->spans = g_array_sized_new(FALSE, FALSE, sizeof(CcwXmlSpan), (guint)(xml->length / BYTES_PER_ELEMENT) + 8);
    scan = xml->length > CCW_CONF_XML_MAX ? CCW_XML_BROKEN : ccw_xml_scan(text, xml->length, xml->spans);
    if (scan == CCW_XML_DOCTYPE)
        return g_steal_pointer(&xml);
    xml->doc = ccw_xml_parse(text, error);
    if (!xml->doc)
        return NULL;
    if (scan != CCW_XML_SCANNED || !is_ascii_superset(xml->doc->encoding) || !match_up(xml))
        g_clear_pointer(&xml->doc, xmlFreeDoc);
    return g_steal_pointer(&xml);
}

void ccw_xml_free(CcwXml *xml)
{
    if (!xml)
        return;
    g_clear_pointer(&xml->doc, xmlFreeDoc);
    g_clear_pointer(&xml->spans, g_array_unref);
    g_clear_pointer(&xml->edits, g_array_unref);
    g_free(xml);
}

xmlNode *ccw_xml_root(CcwXml *xml)
{
    return xml->doc ? xmlDocGetRootElement(xml->doc) : NULL;
}

const CcwXmlSpan *ccw_xml_span(const xmlNode *element)
{
    return element->_private;
}

guint ccw_xml_line(const CcwXml *xml, guint32 offset)
{
    guint line = 1;

    for (guint32 i = 0; i < offset; i++)
        line += xml->text[i] == '\n';
    return line;
}

guint32 ccw_xml_gap(const CcwXml *xml, guint32 offset)
{
    guint32 start = offset;

    while (start > 0 && ccw_xml_is_space(xml->text[start - 1]))
        start--;
    return start == 0 || xml->text[start - 1] == '>' ? start : offset;
}

guint32 ccw_xml_gap_before(const CcwXml *xml, const xmlNode *element)
{
    guint32 start = ccw_xml_span(element)->start;
    xmlNode *previous = element->prev;

    if (previous && previous->type == XML_TEXT_NODE && !xmlIsBlankNode(previous))
        return start;
    return ccw_xml_gap(xml, start);
}

gboolean ccw_xml_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *this_or_next(xmlNode *node, const char *name)
{
    while (node && !ccw_xml_is(node, name))
        node = node->next;
    return node;
}

xmlNode *ccw_xml_child(const xmlNode *parent, const char *name)
{
    return this_or_next(parent->children, name);
}

xmlNode *ccw_xml_next(const xmlNode *element, const char *name)
{
    return this_or_next(element->next, name);
}

xmlNode *ccw_xml_first_element(const xmlNode *parent)
{
    return xmlFirstElementChild((xmlNode *)parent);
}

xmlNode *ccw_xml_next_element(const xmlNode *element)
{
    return xmlNextElementSibling((xmlNode *)element);
}

xmlNode *ccw_xml_last_element(const xmlNode *parent)
{
    return xmlLastElementChild((xmlNode *)parent);
}

static const xmlAttr *find_attr(const xmlNode *element, const char *name)
{
    const xmlAttr *attr = element->properties;

    while (attr && (attr->ns || strcmp((const char *)attr->name, name) != 0))
        attr = attr->next;
    return attr;
}

/* The value in the tree; NULL if it is in parts there, as one with an entity is. */
static const char *peek_value(const xmlAttr *attr)
{
    const xmlNode *text = attr->children;

    if (!text)
        return "";
    return text->type == XML_TEXT_NODE && !text->next ? (const char *)text->content : NULL;
}

char *ccw_xml_get(const xmlNode *element, const char *name)
{
    const xmlAttr *attr = find_attr(element, name);
    const char *value = attr ? peek_value(attr) : NULL;
    xmlChar *whole;
    char *copy;

    if (!attr || value)
        return g_strdup(value);
    whole = xmlNodeListGetString(attr->doc, attr->children, 1);
    copy = g_strdup((const char *)whole);
    xmlFree(whole);
    return copy;
}

gboolean ccw_xml_get_is(const xmlNode *element, const char *name, const char *value)
{
    const xmlAttr *attr = find_attr(element, name);
    const char *there = attr ? peek_value(attr) : NULL;
    g_autofree char *whole = attr && !there ? ccw_xml_get(element, name) : NULL;

    return g_strcmp0(there ? there : whole, value) == 0;
}

gboolean ccw_xml_attr(const CcwXml *xml, const xmlNode *element, const char *name, CcwXmlAttr *ret_attr)
{
    return ccw_xml_attr_named(xml->text, ccw_xml_span(element), name, ret_attr);
}
