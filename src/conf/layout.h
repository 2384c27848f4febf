/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the layout of a document, so that inserted elements look like those around them. */
#pragma once

#include "conf/xml.h"

/* Returns: the white space before an element; free with g_free. */
char *conf_layout_gap(const ConfXml *xml, const ConfXmlElement *element);

/* Returns: the indentation that one level adds to @outer, the gap of a domain's child; free with g_free. */
char *conf_layout_unit(const ConfXml *xml, const ConfXmlElement *domain, const char *outer);

/* Returns: the quote of the element's first attribute; a single quote if it has no attributes. */
char conf_layout_quote(const ConfXml *xml, const ConfXmlElement *element);
