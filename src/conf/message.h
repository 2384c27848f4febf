/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error messages about an element of a document. */
#pragma once

#include "conf/xml.h"

/* Sets CCW_ERROR_INVALID with "line N: MESSAGE", where N is the line of the element. */
void conf_set_invalid(const ConfXml *xml, const ConfXmlElement *element, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Sets CCW_ERROR_UNSUPPORTED in the same way: the document may have the element, but not for a ccw device. */
void conf_set_unsupported(const ConfXml *xml, const ConfXmlElement *element, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Returns: a value from a document, shortened and on one line, for a message; free with g_free. */
char *conf_excerpt(const char *value);
