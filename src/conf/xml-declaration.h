/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the XML declaration, <?xml version='1.0' encoding='UTF-8'?>, for xml-scan.c. */
#pragma once

#include <glib.h>

typedef enum {
    CONF_XML_UTF8,
    CONF_XML_ONE_BYTE, /* one byte for each character, a superset of ASCII */
    CONF_XML_OTHER,    /* any other, known or unknown */
} ConfXmlEncoding;

/* Returns: whether the text begins with "<?xml" and white space. */
gboolean conf_xml_has_declaration(const char *text);

/**
 * conf_xml_read_declaration:
 * @text: begins with a declaration
 * @ret_encoding: UTF-8 if the declaration names no encoding
 *
 * Returns: one past the declaration, or NULL if it is malformed
 */
const char *conf_xml_read_declaration(const char *text, ConfXmlEncoding *ret_encoding);
