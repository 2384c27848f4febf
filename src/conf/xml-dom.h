/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A document as libxml2's tree, for validation against a schema. Only for documents of the user who runs the program:
 * libxml2 takes time with the square of what some documents have.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

/*
 * ccw_xml_dom_parse: parses a document; nothing is fetched and no entity expanded
 *
 * Returns: the tree, which the caller frees with xmlFreeDoc. NULL and CCW_ERROR_XML if it is not well-formed.
 */
xmlDoc *ccw_xml_dom_parse(const char *text, GError **error);

/* Elements without a namespace. NULL if there is none. */
gboolean ccw_xml_dom_is(const xmlNode *node, const char *name);
xmlNode *ccw_xml_dom_child(const xmlNode *parent, const char *name);
xmlNode *ccw_xml_dom_next(const xmlNode *element, const char *name);
