/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML declaration, <?xml version='1.0' encoding='UTF-8'?>. A part of xml-scan.h. */
#pragma once

#include <glib.h>

typedef enum {
    CCW_XML_UTF8,
    CCW_XML_ONE_BYTE, /* one byte for each character, and ASCII is itself */
    CCW_XML_OTHER,    /* another, or one that is not known here */
} CcwXmlEncoding;

gboolean ccw_xml_has_declaration(const char *text);

/*
 * ccw_xml_read_declaration: reads the declaration that a text begins with
 * @ret_encoding: the encoding; UTF-8 if the declaration names none
 *
 * Returns: one past the declaration; NULL if it is broken.
 */
const char *ccw_xml_read_declaration(const char *text, CcwXmlEncoding *ret_encoding);
