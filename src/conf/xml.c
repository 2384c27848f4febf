/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml.h"

#include <string.h>

#include "conf/conf.h"
#include "conf/xml-chars.h"
#include "conf/xml-scan.h"
#include "util/error.h"

/* The initial size of the arrays: libvirt's documents have about this many bytes for each, or more. */
#define BYTES_PER_ELEMENT 40
#define BYTES_PER_ATTRIBUTE 24

#define EXCERPT_MAX 40 /* bytes of an element's name in a message */

static void set_fault_error(const ConfXml *xml, const ConfXmlFault *fault, GError **error)
{
    guint line = conf_xml_line(xml, fault->at);

    if (fault->has_other)
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %u: %s %u", line, fault->message,
                    conf_xml_line(xml, fault->other));
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is not well-formed: line %u: %s", line, fault->message);
}

ConfXml *conf_xml_open(const char *text, GError **error)
{
    return conf_xml_open_long(text, CONF_XML_MAX, error);
}

ConfXml *conf_xml_open_long(const char *text, gsize max, GError **error)
{
    g_autoptr(ConfXml) xml = g_new0(ConfXml, 1);
    ConfXmlFault fault;

    xml->text = text;
    xml->length = strnlen(text, max + 1);
    if (xml->length > max) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "XML is longer than %zu bytes, the most that libvirt takes", max);
        return NULL;
    }
    xml->elements_capacity = (guint32)(xml->length / BYTES_PER_ELEMENT) + 8;
    xml->elements = g_new(ConfXmlElement, xml->elements_capacity);
    xml->attrs_capacity = (guint32)(xml->length / BYTES_PER_ATTRIBUTE) + 8;
    xml->attrs = g_new(ConfXmlAttr, xml->attrs_capacity);
    xml->namespaces = g_ptr_array_new_with_free_func(g_free);
    xml->lines = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (conf_xml_scan(xml, &fault))
        return g_steal_pointer(&xml);
    set_fault_error(xml, &fault, error);
    return NULL;
}

void conf_xml_free(ConfXml *xml)
{
    if (!xml)
        return;
    g_free(xml->elements);
    g_free(xml->attrs);
    g_free(xml->edits);
    g_clear_pointer(&xml->namespaces, g_ptr_array_unref);
    g_clear_pointer(&xml->lines, g_array_unref);
    if (xml->edit_text)
        g_string_free(xml->edit_text, TRUE);
    g_free(xml);
}

const ConfXmlElement *conf_xml_root(const ConfXml *xml)
{
    return xml->opaque ? NULL : xml->elements;
}

const char *conf_xml_why_opaque(const ConfXml *xml)
{
    return xml->opaque;
}

gboolean conf_xml_check_bounds(const ConfXml *xml, GError **error)
{
    const ConfXmlExcess *excess = &xml->excess;
    const char *name = xml->text + excess->element + 1;
    g_autofree char *excerpt = NULL;

    if (!excess->what)
        return TRUE;
    excerpt = g_strndup(name, MIN(strcspn(name, " \t\r\n/>"), EXCERPT_MAX));
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "line %u: <%s> has %u %s: give at most %u",
                conf_xml_line(xml, excess->element), excerpt, excess->count, excess->what, excess->max);
    return FALSE;
}

/* The last entry is past every byte, so the array is never empty afterwards, even for a text of one line. */
static void find_lines(const ConfXml *xml)
{
    const char *p = xml->text;
    guint32 end = G_MAXUINT32;

    while ((p = strchr(p, '\n'))) {
        guint32 start = (guint32)(++p - xml->text);

        g_array_append_val(xml->lines, start);
    }
    g_array_append_val(xml->lines, end);
}

guint conf_xml_line(const ConfXml *xml, guint32 offset)
{
    guint low = 0;
    guint high;

    if (xml->lines->len == 0)
        find_lines(xml);
    high = xml->lines->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(xml->lines, guint32, middle) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low + 1;
}

guint32 conf_xml_gap(const ConfXml *xml, guint32 offset)
{
    guint32 start = offset;

    while (start > 0 && conf_xml_is_space(xml->text[start - 1]))
        start--;
    return start == 0 || xml->text[start - 1] == '>' ? start : offset;
}
