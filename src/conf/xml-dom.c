/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-dom.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/xml-error.h"
#include "util/error.h"

static void set_parser_error(xmlParserCtxt *context, GError **error)
{
    const xmlError *last = xmlCtxtGetLastError(context);
    g_autofree char *message = g_strdup(last && last->message ? last->message : "no root element");

    g_strdelimit(message, "\n\r", ' ');
    g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %d: %s", last ? last->line : 1,
                g_strchomp(message));
}

static void ignore_error(void *data G_GNUC_UNUSED, ConfXmlError *from G_GNUC_UNUSED)
{
}

/* libxml2 prints errors of its decoder, which has no context, unless this thread has an error handler. */
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

xmlDoc *conf_xml_dom_parse(const char *text, GError **error)
{
    static gsize initialised = 0;
    xmlParserCtxt *context;
    xmlDoc *doc;

    if (g_once_init_enter(&initialised)) {
        xmlInitParser();
        g_once_init_leave(&initialised, 1);
    }
    context = xmlNewParserCtxt();
    if (!context)
        g_error("out of memory");
    doc = parse_quietly(context, text, strnlen(text, CONF_XML_MAX));
    if (doc && !context->wellFormed) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    if (!doc)
        set_parser_error(context, error);
    xmlFreeParserCtxt(context);
    return doc;
}

gboolean conf_xml_dom_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *this_or_next(xmlNode *node, const char *name)
{
    while (node && !conf_xml_dom_is(node, name))
        node = node->next;
    return node;
}

xmlNode *conf_xml_dom_child(const xmlNode *parent, const char *name)
{
    return this_or_next(parent->children, name);
}

xmlNode *conf_xml_dom_next(const xmlNode *element, const char *name)
{
    return this_or_next(element->next, name);
}
