/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters, names and character references of XML 1.0. A text ends with a NUL byte, which is not a character. */
#pragma once

#include <glib.h>
#include <string.h>

typedef enum {
    CONF_XML_SPACE = 1 << 0,
    CONF_XML_NAME_START = 1 << 1,
    CONF_XML_NAME = 1 << 2,
    CONF_XML_TEXT = 1 << 3,    /* stands for itself between tags: all but '<', '&' and ']' */
    CONF_XML_VALUE = 1 << 4,   /* may be in an attribute's value: all but '<', '&' and quotes */
    CONF_XML_CHANGES = 1 << 5, /* does not stand for itself in a value: '&', and white space other than a blank */
} ConfXmlClass;

extern const guint8 conf_xml_classes[256];

/* Returns: whether the byte is an ASCII character of this class. */
static inline gboolean conf_xml_is_a(char c, ConfXmlClass class)
{
    return (conf_xml_classes[(guchar)c] & class) != 0;
}

static inline gboolean conf_xml_is_space(char c)
{
    return conf_xml_is_a(c, CONF_XML_SPACE);
}

static inline const char *conf_xml_skip_spaces(const char *p)
{
    while (conf_xml_is_space(*p))
        p++;
    return p;
}

/*
 * Returns: whether the text at @p starts with the prefix. Replaces g_str_has_prefix(): in newer GLib that is a macro
 * that measures the whole text first, which would take quadratic time in a scan (tests/macros.py).
 */
static inline gboolean conf_xml_starts_with(const char *p, const char *prefix)
{
    return strncmp(p, prefix, strlen(prefix)) == 0;
}

/**
 * conf_xml_skip_wide:
 * @p: the first byte of a character beyond ASCII: 0x80 or more
 * @is_one_byte: the encoding has one byte for each character
 *
 * Returns: one past the character, or NULL if the bytes are not UTF-8, or not a character that XML allows
 */
const char *conf_xml_skip_wide(const char *p, gboolean is_one_byte);

/* Returns: whether a name can start at @p. is_one_byte: see conf_xml_skip_wide(). */
gboolean conf_xml_starts_name(const char *p, gboolean is_one_byte);

/* The same as conf_xml_skip_name(), but slower: for names with characters beyond ASCII. */
const char *conf_xml_skip_wide_name(const char *p, gboolean is_one_byte);

/* --- Eight bytes at a time. A branch for each byte is slower: it is hard to predict in short sequences. --- */

#define CONF_XML_WORD ((gssize)sizeof(guint64))
#define CONF_XML_EACH(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

/* Loads eight bytes; the first one is the lowest. */
static inline guint64 conf_xml_load(const char *p)
{
    guint64 word;

    memcpy(&word, p, sizeof(word));
    return GUINT64_FROM_LE(word);
}

/* Returns the number of bytes before the first one that is not 0. */
static inline guint conf_xml_count_before(guint64 word)
{
    return word ? (guint)__builtin_ctzll(word) / 8 : sizeof(word);
}

/* Sets the highest bit of each byte that is 0. After the first such byte, other bytes may have it set, too. */
static inline guint64 conf_xml_zeros(guint64 word)
{
    return (word - CONF_XML_EACH(1)) & ~word & CONF_XML_EACH(0x80);
}

/* The same for bytes that are not a to z. */
static inline guint64 conf_xml_no_letters(guint64 word)
{
    guint64 from_a = word + CONF_XML_EACH(0x80 - 'a');
    guint64 from_brace = word + CONF_XML_EACH(0x80 - '{');

    return (~from_a | from_brace | word) & CONF_XML_EACH(0x80);
}

/* The same for bytes that are below a blank, a quote, '&', '<' or beyond ASCII. */
static inline guint64 conf_xml_value_stops(guint64 word)
{
    guint64 below_blank = (word - CONF_XML_EACH(' ')) & ~word;
    guint64 amp_or_apostrophe = (word | CONF_XML_EACH(1)) ^ CONF_XML_EACH('\'');

    return ((below_blank | word) & CONF_XML_EACH(0x80)) | conf_xml_zeros(word ^ CONF_XML_EACH('"')) |
           conf_xml_zeros(amp_or_apostrophe) | conf_xml_zeros(word ^ CONF_XML_EACH('<'));
}

/*
 * Skips letters a to z at @p. May stop early near @end, the end of the text: the caller goes on byte by byte. The same
 * holds for the next two functions.
 */
static inline const char *conf_xml_skip_letters(const char *p, const char *end)
{
    guint count = CONF_XML_WORD;

    while (count == CONF_XML_WORD && end - p >= CONF_XML_WORD) {
        count = conf_xml_count_before(conf_xml_no_letters(conf_xml_load(p)));
        p += count;
    }
    return p;
}

/* Skips bytes that stand for themselves in a value. */
static inline const char *conf_xml_skip_value_bytes(const char *p, const char *end)
{
    guint count = CONF_XML_WORD;

    while (count == CONF_XML_WORD && end - p >= CONF_XML_WORD) {
        count = conf_xml_count_before(conf_xml_value_stops(conf_xml_load(p)));
        p += count;
    }
    return p;
}

/* Skips blanks. */
static inline const char *conf_xml_skip_blanks(const char *p, const char *end)
{
    guint count = CONF_XML_WORD;

    while (count == CONF_XML_WORD && end - p >= CONF_XML_WORD) {
        count = conf_xml_count_before(conf_xml_load(p) ^ CONF_XML_EACH(' '));
        p += count;
    }
    return p;
}

/* Returns one past the name at @p; @p if there is no name. end: the end of the text. */
static inline const char *conf_xml_skip_name(const char *p, const char *end, gboolean is_one_byte)
{
    const char *q = p;

    if (conf_xml_is_a(*q, CONF_XML_NAME_START))
        q = conf_xml_skip_letters(q + 1, end);
    while (q > p && conf_xml_is_a(*q, CONF_XML_NAME))
        q++;
    return (guchar)*q < 0x80 ? q : conf_xml_skip_wide_name(p, is_one_byte);
}

/**
 * conf_xml_read_reference:
 * @p: the '&' of a reference
 *
 * Reads a reference to a character, or to one of the five predefined entities.
 *
 * Returns: one past its ';'; NULL if it refers to another entity, or to a character that XML does not allow
 */
const char *conf_xml_read_reference(const char *p, gunichar *ret_char);
