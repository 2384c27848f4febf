/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of a well-formed document with its references resolved. A part of xml.h. */
#pragma once

#include <glib.h>

/* An attribute's value: white space is blanks. Free with g_free. */
char *ccw_xml_value_of(const char *start, const char *end);

/* The same into buf, if it has room there with a NUL. */
gboolean ccw_xml_value_copy(const char *start, const char *end, char *buf, gsize size);

/* Is that value equal to text, which has no '&' and no white space but blanks? */
gboolean ccw_xml_value_is(const char *start, const char *end, const char *text);

/* The content of an element: its text without the markup. Free with g_free. */
char *ccw_xml_content_of(const char *start, const char *end);
