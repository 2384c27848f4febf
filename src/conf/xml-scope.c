/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-scope.h"

#include <string.h>

#include "conf/xml-name.h"
#include "conf/xml-value.h"

#define XML_URI "http://www.w3.org/XML/1998/namespace"
#define XMLNS_URI "http://www.w3.org/2000/xmlns/"

static gboolean is_text(const char *start, gsize length, const char *text)
{
    return length == strlen(text) && memcmp(start, text, length) == 0;
}

static guint32 add_namespace(ConfXml *xml, char *uri)
{
    g_ptr_array_add(xml->namespaces, uri);
    return xml->namespaces->len;
}

void conf_xml_scope_init(ConfXmlScope *scope, ConfXml *xml)
{
    scope->count = 0;
    scope->default_namespace = 0;
    scope->has_slots = FALSE;
    add_namespace(xml, g_strdup(XML_URI));
}

gboolean conf_xml_scope_declare(ConfXmlScope *scope, ConfXml *xml, const ConfXmlAttr *attr)
{
    const char *prefix = xml->text + attr->name + strlen(CONF_XMLNS ":");
    gboolean is_default = attr->name_end - attr->name == strlen(CONF_XMLNS);
    gsize length = is_default ? 0 : attr->name_end - attr->name - strlen(CONF_XMLNS ":");
    g_autofree char *uri = conf_xml_value_of(xml->text + attr->value, xml->text + attr->value_end);
    gboolean is_none = *uri == '\0';

    if (strcmp(uri, XML_URI) == 0 || strcmp(uri, XMLNS_URI) == 0)
        return FALSE;
    if (!is_default && (is_none || is_text(prefix, length, "xml") || is_text(prefix, length, CONF_XMLNS)))
        return FALSE;
    if (is_default) {
        scope->default_namespace = is_none ? 0 : add_namespace(xml, g_steal_pointer(&uri));
    } else if (scope->count < CONF_NAMESPACES_MAX) {
        scope->declarations[scope->count] =
            (ConfXmlDeclaration){ prefix, length, add_namespace(xml, g_steal_pointer(&uri)) };
    }
    scope->count++;
    return TRUE;
}

guint32 conf_xml_scope_find(const ConfXmlScope *scope, const char *prefix, gsize length)
{
    for (guint i = MIN(scope->count, CONF_NAMESPACES_MAX); i > 0; i--) {
        const ConfXmlDeclaration *declaration = &scope->declarations[i - 1];

        if (declaration->length == length && memcmp(declaration->prefix, prefix, length) == 0)
            return declaration->namespace;
    }
    return is_text(prefix, length, "xml") ? 1 : 0;
}

gboolean conf_xml_scope_is_repeated(ConfXmlScope *scope, guint32 element, const char *name, gsize length)
{
    guint32 at = 0;

    if (!scope->has_slots)
        memset(scope->slots, 0, sizeof(scope->slots));
    scope->has_slots = TRUE;
    for (gsize i = 0; i < length; i++)
        at = at * 33 + (guchar)name[i];
    for (at %= G_N_ELEMENTS(scope->slots); scope->slots[at].element == element;
         at = (at + 1) % G_N_ELEMENTS(scope->slots))
        if (scope->slots[at].length == length && memcmp(scope->slots[at].name, name, length) == 0)
            return TRUE;
    scope->slots[at] = (ConfXmlSlot){ element, (guint32)length, name };
    return FALSE;
}
