/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resolves the references in the text of a well-formed document, for the other files of xml.h. */
#pragma once

#include <glib.h>

/* Returns: an attribute's value, with each white space as a blank; free with g_free. */
char *conf_xml_value_of(const char *start, const char *end);

/* Copies that value into @buf, with a NUL. Returns: FALSE if @size is too small. */
gboolean conf_xml_value_copy(const char *start, const char *end, char *buf, gsize size);

/* Returns: whether that value is equal to @text, which must have no '&' and no white space other than blanks. */
gboolean conf_xml_value_is(const char *start, const char *end, const char *text);

/* Returns: the content of an element, its text without the markup; free with g_free. */
char *conf_xml_content_of(const char *start, const char *end);
