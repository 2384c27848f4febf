/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The characters and names of XML 1.0, and references to characters. Texts end in a NUL byte, which is no character. */
#pragma once

#include <glib.h>
#include <string.h>

typedef enum {
    CCW_XML_SPACE = 1 << 0,
    CCW_XML_NAME_START = 1 << 1,
    CCW_XML_NAME = 1 << 2,
    CCW_XML_TEXT = 1 << 3,  /* stands for itself between tags: not '<', '&' and ']' */
    CCW_XML_VALUE = 1 << 4, /* stands for itself in an attribute's value: not '<', '&' and quotes */
} CcwXmlClass;

extern const guint8 ccw_xml_classes[128];

/* Is the byte an ASCII character of that class? */
static inline gboolean ccw_xml_is_a(char c, CcwXmlClass class)
{
    return (guchar)c < 0x80 && (ccw_xml_classes[(guchar)c] & class) != 0;
}

static inline gboolean ccw_xml_is_space(char c)
{
    return ccw_xml_is_a(c, CCW_XML_SPACE);
}

/*
 * Does the text at p start with the prefix? In place of g_str_has_prefix(), which in newer GLib is a macro that
 * measures all of the text first: at each place of a document that would take quadratic time (tests/macros.py).
 */
static inline gboolean ccw_xml_starts_with(const char *p, const char *prefix)
{
    return strncmp(p, prefix, strlen(prefix)) == 0;
}

/*
 * ccw_xml_skip_wide: the end of a character beyond ASCII
 * @p: its first byte, which is 0x80 or more
 * @any_byte: the encoding has one byte for each character
 *
 * Returns: NULL if the bytes are not UTF-8 or not a character that XML allows.
 */
const char *ccw_xml_skip_wide(const char *p, gboolean any_byte);

/* Can a name start at p? any_byte: as above. */
gboolean ccw_xml_starts_name(const char *p, gboolean any_byte);

/* One past the name at p; p if there is no name. any_byte: as above. */
const char *ccw_xml_skip_name(const char *p, gboolean any_byte);

/*
 * ccw_xml_read_reference: a reference to a character, or to one of the five entities that every document has
 * @p: its '&'
 * @ret_char: the character
 *
 * Returns: one past its ';'. NULL if it refers to another entity, or to a character that XML does not allow.
 */
const char *ccw_xml_read_reference(const char *p, gunichar *ret_char);
