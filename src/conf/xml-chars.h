/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The characters and names of XML 1.0, and references to characters. Texts end in a NUL byte, which is no character. */
#pragma once

#include <glib.h>
#include <string.h>

typedef enum {
    CCW_XML_SPACE = 1 << 0,
    CCW_XML_NAME_START = 1 << 1,
    CCW_XML_NAME = 1 << 2,
    CCW_XML_TEXT = 1 << 3,    /* stands for itself between tags: not '<', '&' and ']' */
    CCW_XML_VALUE = 1 << 4,   /* may be in an attribute's value: not '<', '&' and quotes */
    CCW_XML_CHANGES = 1 << 5, /* stands for something else in an attribute's value: '&', and white space but a blank */
} CcwXmlClass;

extern const guint8 ccw_xml_classes[256];

/* Is the byte an ASCII character of that class? */
static inline gboolean ccw_xml_is_a(char c, CcwXmlClass class)
{
    return (ccw_xml_classes[(guchar)c] & class) != 0;
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

/* As ccw_xml_skip_name(), of any name. */
const char *ccw_xml_skip_wide_name(const char *p, gboolean any_byte);

/* --- eight bytes at a time: short runs without a branch for each byte, which are hard to predict --- */

#define CCW_XML_WORD ((gssize)sizeof(guint64))
#define CCW_XML_EACH(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

/* Their first byte is the lowest. */
static inline guint64 ccw_xml_load(const char *p)
{
    guint64 word;

    memcpy(&word, p, sizeof(word));
    return GUINT64_FROM_LE(word);
}

/* How many bytes stand before the first one that has a bit set. */
static inline guint ccw_xml_count_before(guint64 word)
{
    return word ? (guint)__builtin_ctzll(word) / 8 : sizeof(word);
}

/* The highest bit of each byte that is 0, and of others only behind the first such one. */
static inline guint64 ccw_xml_zeros(guint64 word)
{
    return (word - CCW_XML_EACH(1)) & ~word & CCW_XML_EACH(0x80);
}

/* The same of bytes that are not a to z. */
static inline guint64 ccw_xml_no_letters(guint64 word)
{
    guint64 from_a = word + CCW_XML_EACH(0x80 - 'a');
    guint64 from_brace = word + CCW_XML_EACH(0x80 - '{');

    return (~from_a | from_brace | word) & CCW_XML_EACH(0x80);
}

/* The same of bytes that are below a blank, a quote, '&', '<' or beyond ASCII. */
static inline guint64 ccw_xml_value_stops(guint64 word)
{
    guint64 below_blank = (word - CCW_XML_EACH(' ')) & ~word;
    guint64 amp_or_apostrophe = (word | CCW_XML_EACH(1)) ^ CCW_XML_EACH('\'');

    return ((below_blank | word) & CCW_XML_EACH(0x80)) | ccw_xml_zeros(word ^ CCW_XML_EACH('"')) |
           ccw_xml_zeros(amp_or_apostrophe) | ccw_xml_zeros(word ^ CCW_XML_EACH('<'));
}

/* One past the letters a to z at p; not always, where the text ends soon. end: of the text. */
static inline const char *ccw_xml_skip_letters(const char *p, const char *end)
{
    guint count = CCW_XML_WORD;

    while (count == CCW_XML_WORD && end - p >= CCW_XML_WORD) {
        count = ccw_xml_count_before(ccw_xml_no_letters(ccw_xml_load(p)));
        p += count;
    }
    return p;
}

/* The same of bytes that stand for themselves in a value. */
static inline const char *ccw_xml_skip_value_bytes(const char *p, const char *end)
{
    guint count = CCW_XML_WORD;

    while (count == CCW_XML_WORD && end - p >= CCW_XML_WORD) {
        count = ccw_xml_count_before(ccw_xml_value_stops(ccw_xml_load(p)));
        p += count;
    }
    return p;
}

/* The same of blanks. */
static inline const char *ccw_xml_skip_blanks(const char *p, const char *end)
{
    guint count = CCW_XML_WORD;

    while (count == CCW_XML_WORD && end - p >= CCW_XML_WORD) {
        count = ccw_xml_count_before(ccw_xml_load(p) ^ CCW_XML_EACH(' '));
        p += count;
    }
    return p;
}

/* One past the name at p; p if there is no name. end: of the text. any_byte: as above. */
static inline const char *ccw_xml_skip_name(const char *p, const char *end, gboolean any_byte)
{
    const char *q = p;

    if (ccw_xml_is_a(*q, CCW_XML_NAME_START))
        q = ccw_xml_skip_letters(q + 1, end);
    while (q > p && ccw_xml_is_a(*q, CCW_XML_NAME))
        q++;
    return (guchar)*q < 0x80 ? q : ccw_xml_skip_wide_name(p, any_byte);
}

/*
 * ccw_xml_read_reference: a reference to a character, or to one of the five entities that every document has
 * @p: its '&'
 * @ret_char: the character
 *
 * Returns: one past its ';'. NULL if it refers to another entity, or to a character that XML does not allow.
 */
const char *ccw_xml_read_reference(const char *p, gunichar *ret_char);
