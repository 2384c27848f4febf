/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf-compare.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "conf/xml-chars.h"
#include "conf/xml-dom.h"
#include "conf/xml.h"

#define CONTENT_MAX 16 /* elements with a comparison of their content; comparing all would take quadratic time */

typedef struct {
    const char *text;
    const ConfXml *xml;
    gboolean is_utf8;
} Compared;

static void require(const Compared *compared, gboolean holds, const char *what, const char *detail)
{
    if (!holds)
        g_error("%s differs at '%s' in '%s'", what, detail, compared->text);
}

static char *take(xmlChar *text)
{
    char *copy = g_strdup(text ? (const char *)text : "");

    xmlFree(text);
    return copy;
}

/* Compares text of another encoding than UTF-8 only where it is ASCII. */
static gboolean is_equal(const Compared *compared, const char *is, const xmlChar *expected)
{
    return strcmp(is, (const char *)expected) == 0 || (!compared->is_utf8 && !g_str_is_ascii(is));
}

static char *qualified(const xmlNs *ns, const xmlChar *name)
{
    return ns && ns->prefix ? g_strdup_printf("%s:%s", ns->prefix, name) : g_strdup((const char *)name);
}

static void compare_attributes(const Compared *compared, const ConfXmlElement *element, const xmlNode *node)
{
    const xmlAttr *expected = node->properties;
    ConfXmlAttr attr = { 0 };

    while (conf_xml_attr_next(element, &attr)) {
        g_autofree char *name = conf_xml_attr_name(element, &attr);
        g_autofree char *value = conf_xml_attr_value(element, &attr);
        g_autofree char *expected_name = NULL;
        g_autofree char *expected_value = NULL;

        if (conf_xml_attr_declares(element, &attr))
            continue;
        require(compared, expected != NULL, "number of attributes", name);
        expected_name = qualified(expected->ns, expected->name);
        expected_value = take(xmlNodeListGetString(node->doc, expected->children, 1));
        require(compared, is_equal(compared, name, BAD_CAST expected_name), "attribute", expected_name);
        require(compared, is_equal(compared, value, BAD_CAST expected_value), "value", expected_value);
        if (!strchr(name, ':'))
            require(compared, conf_xml_get_is(element, name, value), "value found", name);
        expected = expected->next;
    }
    require(compared, !expected, "number of attributes", (const char *)node->name);
    if (node->nsDef)
        require(compared, conf_xml_declares_namespace(element), "declaration", (const char *)node->name);
}

static guint32 expected_gap(const Compared *compared, const ConfXmlElement *element, xmlNode *node)
{
    guint32 start = conf_xml_span(element)->start;
    xmlNode *previous = node->prev;

    if (previous && previous->type == XML_TEXT_NODE && !xmlIsBlankNode(previous))
        return start;
    return conf_xml_gap(compared->xml, start);
}

static void compare_element(const Compared *compared, const ConfXmlElement *element, xmlNode *node)
{
    const ConfXmlSpan *span = conf_xml_span(element);
    g_autofree char *raw = g_strndup(compared->text + span->start + 1, element->name_end - span->start - 1);
    g_autofree char *local = conf_xml_name(element);
    g_autofree char *expected = qualified(node->ns, node->name);
    g_autofree char *content = NULL;
    g_autofree char *expected_content = NULL;

    require(compared, is_equal(compared, raw, BAD_CAST expected), "name", expected);
    require(compared, is_equal(compared, local, node->name), "local name", expected);
    require(compared, conf_xml_has_namespace(element) == (node->ns != NULL), "having a namespace", expected);
    if (node->ns && compared->is_utf8)
        require(compared, conf_xml_is_in(compared->xml, element, (const char *)node->ns->href, local), "namespace",
                expected);
    if (g_str_is_ascii(local))
        require(compared, conf_xml_is(element, local) == conf_xml_dom_is(node, local), "being libvirt's", expected);
    require(compared, conf_xml_is_empty(element) == (node->children == NULL), "emptiness", expected);
    require(compared, conf_xml_gap_before(compared->xml, element) == expected_gap(compared, element, node), "gap",
            expected);
    compare_attributes(compared, element, node);
    if (element->size > CONTENT_MAX)
        return;
    content = conf_xml_content(element);
    expected_content = take(xmlNodeGetContent(node));
    require(compared, is_equal(compared, content, BAD_CAST expected_content), "content", expected);
}

static void compare_tree(const Compared *compared, const ConfXmlElement *element, xmlNode *node)
{
    const ConfXmlElement *child = conf_xml_first_element(element);
    xmlNode *expected = xmlFirstElementChild(node);
    const ConfXmlElement *last = NULL;

    compare_element(compared, element, node);
    for (; child && expected; child = conf_xml_next_element(child), expected = xmlNextElementSibling(expected)) {
        require(compared, conf_xml_parent(child) == element, "parent", (const char *)expected->name);
        compare_tree(compared, child, expected);
        last = child;
    }
    require(compared, !child && !expected, "number of children", (const char *)node->name);
    require(compared, conf_xml_last_element(element) == last, "last child", (const char *)node->name);
}

/* libxml2 knows encodings and characters that the scanner rejects. virtccwd forwards such text unchanged. */
static gboolean may_reject(const char *text)
{
    return !g_utf8_validate(text, -1, NULL) || g_str_has_prefix(text, "L\xc2");
}

/* Names with several colons, some of which libxml2 rejects. */
static gboolean may_take(const ConfXml *xml)
{
    const char *p = xml->text;

    while ((p = strchr(p, ':'))) {
        const char *end = p + 1;

        while (*end != ':' && conf_xml_is_a(*end, CONF_XML_NAME))
            end++;
        if (*end == ':' || (guchar)*end >= 0x80)
            return TRUE;
        p = end;
    }
    return FALSE;
}

void conf_compare(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) expected = NULL;
    g_autoptr(ConfXml) xml = conf_xml_open(text, &error);
    Compared compared = { .text = text, .xml = xml };
    xmlDoc *doc;

    if (xml && (!conf_xml_root(xml) || !conf_xml_check_bounds(xml, NULL)))
        return;
    doc = conf_xml_dom_parse(text, &expected);
    compared.is_utf8 = doc && (!doc->encoding || g_ascii_strcasecmp((const char *)doc->encoding, "UTF-8") == 0);
    if (!xml && doc && !may_reject(text))
        g_error("'%s' is refused: %s", text, error->message);
    if (xml && !doc && !strstr(text, "encoding") && !may_take(xml))
        g_error("'%s' is taken: %s", text, expected->message);
    if (xml && doc)
        compare_tree(&compared, conf_xml_root(xml), xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
}
