/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An XML text seen twice: as libxml2's tree, which says what is what, and as the bytes that the elements of that tree
 * stand at, so that parts can be replaced with the rest left as it is. Knows XML, and nothing of libvirt.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

#include "conf/ccw-xml-scan.h"

typedef struct {
    const char *text; /* the caller's: it outlives this */
    gsize length;
    xmlDoc *doc;
    GArray *spans; /* CcwXmlSpan, one for each element of doc in document order */
    GArray *edits;
} CcwXml;

/*
 * Parses the text: nothing is fetched and no entity expanded. Error: CCW_ERROR_XML, if it is not well-formed or longer
 * than CCW_CONF_XML_MAX.
 */
CcwXml *ccw_xml_open(const char *text, GError **error);
void ccw_xml_free(CcwXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwXml, ccw_xml_free)

/* The tree alone. For those who need no bytes. Errors as ccw_xml_open. The caller frees it with xmlFreeDoc. */
xmlDoc *ccw_xml_parse(const char *text, GError **error);

/*
 * The root element, or NULL for a well-formed document that is not to be touched because its bytes need not mean what
 * they seem to: it has a document type declaration, or an encoding in which '<' may be something else.
 */
xmlNode *ccw_xml_root(CcwXml *xml);

const CcwXmlSpan *ccw_xml_span(const xmlNode *element);

/* Line of a byte, from 1. */
guint ccw_xml_line(const CcwXml *xml, guint32 offset);

/* The start of the white space that stands before the byte at offset, with nothing but markup before that. */
guint32 ccw_xml_gap(const CcwXml *xml, guint32 offset);

/* The same for the start of an element; text before it, whatever that ends in, is no markup. */
guint32 ccw_xml_gap_before(const CcwXml *xml, const xmlNode *element);

/* Elements without a namespace, as libvirt's are. NULL if there is none. */
gboolean ccw_xml_is(const xmlNode *node, const char *name);
xmlNode *ccw_xml_child(const xmlNode *parent, const char *name);
xmlNode *ccw_xml_next(const xmlNode *element, const char *name);

/* Element children of any name. NULL if there is none. */
xmlNode *ccw_xml_first_element(const xmlNode *parent);
xmlNode *ccw_xml_next_element(const xmlNode *element);
xmlNode *ccw_xml_last_element(const xmlNode *parent);

/* The value of an attribute without a namespace, or NULL. Free with g_free. */
char *ccw_xml_get(const xmlNode *element, const char *name);
gboolean ccw_xml_get_is(const xmlNode *element, const char *name, const char *value);

/* Where that attribute stands; FALSE if there is none. */
gboolean ccw_xml_attr(const CcwXml *xml, const xmlNode *element, const char *name, CcwXmlAttr *ret_attr);

/* Edits: of parts that do not overlap. Those at one place take effect in the order they were asked for. */
void ccw_xml_replace(CcwXml *xml, guint32 start, guint32 end, const char *with);
void ccw_xml_insert(CcwXml *xml, guint32 at, const char *what);
void ccw_xml_remove(CcwXml *xml, guint32 start, guint32 end);
gboolean ccw_xml_is_edited(const CcwXml *xml);

/* The text with the edits made. */
char *ccw_xml_apply(const CcwXml *xml);
