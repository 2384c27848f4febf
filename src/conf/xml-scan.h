/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the elements of an XML text in one pass, and checks that it is well-formed. For xml.c. */
#pragma once

#include "conf/xml-types.h"

/* Why a document is not well-formed. */
typedef struct {
    const char *message; /* a clause; with has_other, the line of other is to follow it */
    guint32 at;          /* offset of the error */
    gboolean has_other;
    guint32 other; /* offset of the start tag that the message is about */
} ConfXmlFault;

/**
 * conf_xml_scan:
 * @xml: with text and length set; gets all other members but those of xml.c and xml-edit.c
 *
 * Returns: FALSE if the document is not well-formed
 */
gboolean conf_xml_scan(ConfXml *xml, ConfXmlFault *ret_fault);
