/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-chars.h"

#include <string.h>

/*
 * Combinations of classes: S blank, C other white space, R '&', L letter, D digit, O other; T and V are the characters
 * that end a value or a text.
 */
#define S (CONF_XML_SPACE | CONF_XML_TEXT | CONF_XML_VALUE)
#define C (S | CONF_XML_CHANGES)
#define R CONF_XML_CHANGES
#define L (CONF_XML_NAME_START | CONF_XML_NAME | CONF_XML_TEXT | CONF_XML_VALUE)
#define D (CONF_XML_NAME | CONF_XML_TEXT | CONF_XML_VALUE)
#define O (CONF_XML_TEXT | CONF_XML_VALUE)
#define T CONF_XML_TEXT
#define V CONF_XML_VALUE

/* clang-format off */
const guint8 conf_xml_classes[256] = { /* bytes from 0x80 on have no class */
    0, 0, 0, 0, 0, 0, 0, 0, 0, C, C, 0, 0, C, 0, 0, /* tab, line feed, carriage return */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    S, O, T, O, O, O, R, T, O, O, O, O, O, D, D, O, /* blank ! " # $ % & ' ( ) * + , - . / */
    D, D, D, D, D, D, D, D, D, D, L, O, 0, O, O, O, /* 0 to 9 : ; < = > ? */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* @ A to O */
    L, L, L, L, L, L, L, L, L, L, L, O, O, V, O, L, /* P to Z [ \ ] ^ _ */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* ` a to o */
    L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O, /* p to z { | } ~ DEL */
};
/* clang-format on */

typedef struct {
    gunichar first, last;
} Range;

/* https://www.w3.org/TR/xml/#NT-NameStartChar, and the characters that NameChar adds; all beyond ASCII. */
static const Range name_starts[] = {
    { 0xc0, 0xd6 },     { 0xd8, 0xf6 },     { 0xf8, 0x2ff },    { 0x370, 0x37d },
    { 0x37f, 0x1fff },  { 0x200c, 0x200d }, { 0x2070, 0x218f }, { 0x2c00, 0x2fef },
    { 0x3001, 0xd7ff }, { 0xf900, 0xfdcf }, { 0xfdf0, 0xfffd }, { 0x10000, 0xeffff },
};
static const Range names_only[] = { { 0xb7, 0xb7 }, { 0x300, 0x36f }, { 0x203f, 0x2040 } };

static gboolean is_in(gunichar c, const Range *ranges, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return TRUE;
    return FALSE;
}

static gboolean is_allowed(gunichar c)
{
    return (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff) || c == '\t' ||
           c == '\n' || c == '\r';
}

/* Returns the same as conf_xml_skip_wide() for UTF-8. */
static const char *read_wide(const char *p, gunichar *ret_char)
{
    static const gunichar least[] = { 0, 0x80, 0x800, 0x10000 };
    guchar first = (guchar)*p;
    guint more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    gunichar c = first & (0x3f >> more);

    if (first < 0xc0 || first > 0xf7)
        return NULL;
    for (guint i = 1; i <= more; i++) {
        if (((guchar)p[i] & 0xc0) != 0x80)
            return NULL;
        c = c << 6 | ((guchar)p[i] & 0x3f);
    }
    *ret_char = c;
    return c >= least[more] && is_allowed(c) ? p + more + 1 : NULL;
}

const char *conf_xml_skip_wide(const char *p, gboolean is_one_byte)
{
    gunichar c;

    return is_one_byte ? p + 1 : read_wide(p, &c);
}

gboolean conf_xml_starts_name(const char *p, gboolean is_one_byte)
{
    gunichar c;

    if ((guchar)*p < 0x80)
        return conf_xml_is_a(*p, CONF_XML_NAME_START);
    return is_one_byte || (read_wide(p, &c) && is_in(c, name_starts, G_N_ELEMENTS(name_starts)));
}

static const char *skip_wide_name_char(const char *p, gboolean is_one_byte)
{
    gunichar c;
    const char *end = is_one_byte ? p + 1 : read_wide(p, &c);

    if (is_one_byte ||
        (end && (is_in(c, name_starts, G_N_ELEMENTS(name_starts)) || is_in(c, names_only, G_N_ELEMENTS(names_only)))))
        return end;
    return p;
}

const char *conf_xml_skip_wide_name(const char *p, gboolean is_one_byte)
{
    const char *before = NULL;

    if (!conf_xml_starts_name(p, is_one_byte))
        return p;
    while (p != before) {
        while (conf_xml_is_a(*p, CONF_XML_NAME))
            p++;
        before = p;
        if ((guchar)*p >= 0x80)
            p = skip_wide_name_char(p, is_one_byte);
    }
    return p;
}

static const char *read_number(const char *p, gunichar *ret_char)
{
    gboolean hex = *p == 'x';
    const char *digits = hex ? p + 1 : p;
    gunichar c = 0;

    for (p = digits; hex ? g_ascii_isxdigit(*p) : g_ascii_isdigit(*p); p++)
        c = MIN(c * (hex ? 16 : 10) + (gunichar)g_ascii_xdigit_value(*p), 0x110000);
    if (p == digits || *p != ';' || !is_allowed(c))
        return NULL;
    *ret_char = c;
    return p + 1;
}

const char *conf_xml_read_reference(const char *p, gunichar *ret_char)
{
    static const struct {
        const char *name;
        gunichar c;
    } entities[] = { { "lt;", '<' }, { "gt;", '>' }, { "amp;", '&' }, { "quot;", '"' }, { "apos;", '\'' } };

    if (p[1] == '#')
        return read_number(p + 2, ret_char);
    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (conf_xml_starts_with(p + 1, entities[i].name)) {
            *ret_char = entities[i].c;
            return p + 1 + strlen(entities[i].name);
        }
    }
    return NULL;
}
