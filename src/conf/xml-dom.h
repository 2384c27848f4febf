/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a document into libxml2's tree, for validation against a schema. Use it only for documents of the user who runs
 * the program: libxml2 takes quadratic time for some documents.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

/**
 * conf_xml_dom_parse:
 *
 * Parses a document. Fetches nothing and expands no entities.
 *
 * Returns: the tree, to be freed with xmlFreeDoc, or NULL with CCW_ERROR_XML if it is not well-formed
 */
xmlDoc *conf_xml_dom_parse(const char *text, GError **error);

/* These find elements without a namespace. Returns: FALSE or NULL if there is no such element. */
gboolean conf_xml_dom_is(const xmlNode *node, const char *name);
xmlNode *conf_xml_dom_child(const xmlNode *parent, const char *name);
xmlNode *conf_xml_dom_next(const xmlNode *element, const char *name);
