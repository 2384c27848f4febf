/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans the attributes of one start tag, for xml-scan.c. */
#pragma once

#include "conf/xml-scanner.h"

/**
 * conf_xml_scan_attributes:
 * @element: the '<' of the start tag
 *
 * Adds the attributes of a start tag to the document, and its namespace declarations to the scope. Moves the scanner
 * from the end of the element's name to the '>' or "/>" of the tag.
 *
 * Returns: FALSE if the tag is malformed; the scanner has the error
 */
gboolean conf_xml_scan_attributes(ConfXmlScanner *scanner, const char *element);
