/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the text of a document is laid out, so that what is put into it looks like the rest. */
#pragma once

#include "conf/xml.h"

/* The white space in front of an element. Free with g_free. */
char *ccw_layout_gap(const CcwXml *xml, const CcwXmlElement *element);

/* What a level of depth adds to outer, which is the gap of a domain's child. Free with g_free. */
char *ccw_layout_unit(const CcwXml *xml, const CcwXmlElement *domain, const char *outer);

/* The quotes of the element's first attribute, single ones without any. */
char ccw_layout_quote(const CcwXml *xml, const CcwXmlElement *element);
