/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass over an XML text that finds its elements and checks that it is well-formed. A part of xml.h. */
#pragma once

#include "conf/xml.h"

/*
 * ccw_xml_scan: fills in a document whose text and length are given
 *
 * Returns: FALSE and CCW_ERROR_XML if it is not well-formed.
 */
gboolean ccw_xml_scan(CcwXml *xml, GError **error);

/*
 * ccw_xml_prefix_end: the colon in a qualified name
 *
 * Returns: NULL if the name has no prefix, or what stands before and after its first colon is not a name each.
 */
const char *ccw_xml_prefix_end(const char *name, const char *name_end);

/* Does an attribute of that name declare a namespace? */
gboolean ccw_xml_is_declaration(const char *name, const char *name_end);
