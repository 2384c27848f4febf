/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-declaration.h"

#include <string.h>

#include "conf/xml-chars.h"

#define START "<?xml"

/*
 * Patterns, in upper case, of encodings in which a byte below 0x80 is always that ASCII character, and in which ASCII
 * text may be inserted anywhere.
 */
static const char *const ascii_supersets[] = {
    "US-ASCII", "ASCII", "ISO-8859-*", "ISO_8859-*", "ISO-LATIN-*", "WINDOWS-125?", "CP125?",
};

gboolean conf_xml_has_declaration(const char *text)
{
    return conf_xml_starts_with(text, START) && conf_xml_is_space(text[strlen(START)]);
}

/* Reads ' NAME = "VALUE"' at *p, and moves *p past it. Returns the value, or NULL if *p has something else. */
static char *read_value(const char **p, const char *name)
{
    const char *at = conf_xml_skip_spaces(*p);
    const char *end;

    if (at == *p || !conf_xml_starts_with(at, name))
        return NULL;
    at = conf_xml_skip_spaces(at + strlen(name));
    if (*at != '=')
        return NULL;
    at = conf_xml_skip_spaces(at + 1);
    end = *at == '"' || *at == '\'' ? strchr(at + 1, *at) : NULL;
    if (!end)
        return NULL;
    *p = end + 1;
    return g_strndup(at + 1, (gsize)(end - at - 1));
}

static ConfXmlEncoding find_encoding(const char *encoding)
{
    g_autofree char *name = g_ascii_strup(encoding, -1);

    if (strcmp(name, "UTF-8") == 0 || strcmp(name, "UTF8") == 0)
        return CONF_XML_UTF8;
    for (gsize i = 0; i < G_N_ELEMENTS(ascii_supersets); i++)
        if (g_pattern_match_simple(ascii_supersets[i], name))
            return CONF_XML_ONE_BYTE;
    return CONF_XML_OTHER;
}

static gboolean is_version(const char *version)
{
    return version && conf_xml_starts_with(version, "1.") && strspn(version + 2, "0123456789") == strlen(version + 2);
}

static gboolean is_encoding(const char *encoding)
{
    return g_ascii_isalpha(*encoding) && encoding[strspn(encoding, G_CSET_a_2_z G_CSET_A_2_Z "0123456789._-")] == '\0';
}

const char *conf_xml_read_declaration(const char *text, ConfXmlEncoding *ret_encoding)
{
    const char *p = text + strlen(START);
    g_autofree char *version = read_value(&p, "version");
    g_autofree char *encoding = read_value(&p, "encoding");
    g_autofree char *standalone = read_value(&p, "standalone");

    p = conf_xml_skip_spaces(p);
    if (!is_version(version) || (encoding && !is_encoding(encoding)) ||
        (standalone && strcmp(standalone, "yes") != 0 && strcmp(standalone, "no") != 0) ||
        !conf_xml_starts_with(p, "?>"))
        return NULL;
    *ret_encoding = encoding ? find_encoding(encoding) : CONF_XML_UTF8;
    return p + 2;
}
