/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/xml-value.h"

#include <string.h>

#include "conf/xml-chars.h"

#define CDATA "<![CDATA["

static const char *append_reference(GString *out, const char *p)
{
    gunichar c = 0;
    const char *after = conf_xml_read_reference(p, &c);

    g_string_append_unichar(out, c);
    return after ? after : p + 1;
}

/* Appends the white space at p. A line end of two bytes is one character. */
static const char *append_space(GString *out, const char *p, char tab, char line_end)
{
    if (p[0] == '\r' && p[1] == '\n')
        p++;
    g_string_append_c(out, *p == '\n' || *p == '\r' ? line_end : *p == '\t' ? tab : *p);
    return p + 1;
}

static gboolean is_plain(char c)
{
    return !conf_xml_is_a(c, CONF_XML_CHANGES);
}

/* Returns the first character that does not stand for itself in an attribute's value, or end. */
static const char *skip_plain(const char *p, const char *end)
{
    p = conf_xml_skip_value_bytes(p, end);
    while (p < end && is_plain(*p))
        p++;
    return p;
}

char *conf_xml_value_of(const char *start, const char *end)
{
    const char *p = skip_plain(start, end);
    GString *out;

    if (p == end)
        return g_strndup(start, (gsize)(end - start));
    out = g_string_new_len(start, p - start);
    while (p < end) {
        if (*p == '&')
            p = append_reference(out, p);
        else if (conf_xml_is_space(*p))
            p = append_space(out, p, ' ', ' ');
        else
            g_string_append_c(out, *p++);
    }
    return g_string_free(out, FALSE);
}

gboolean conf_xml_value_copy(const char *start, const char *end, char *buf, gsize size)
{
    const gsize length = (gsize)(end - start);
    g_autofree char *value = NULL;

    if (length < size && skip_plain(start, end) == end) {
        memcpy(buf, start, length);
        buf[length] = '\0';
        return TRUE;
    }
    value = conf_xml_value_of(start, end);
    return g_strlcpy(buf, value, size) < size;
}

gboolean conf_xml_value_is(const char *start, const char *end, const char *text)
{
    const gsize length = strlen(text);
    g_autofree char *value = NULL;
    const char *p = start;

    if ((gsize)(end - start) == length && memcmp(start, text, length) == 0)
        return TRUE;
    for (const char *expected = text; p < end && is_plain(*p); p++, expected++)
        if (*p != *expected)
            return FALSE;
    if (p == end)
        return FALSE;
    value = conf_xml_value_of(start, end);
    return strcmp(value, text) == 0;
}

/* Returns one past the tag, comment or processing instruction at p. */
static const char *skip_markup(const char *p, const char *end)
{
    const char *close = NULL;

    if (conf_xml_starts_with(p, "<!--"))
        close = strstr(p + 4, "-->");
    else if (p[1] == '?')
        close = strstr(p, "?>");
    if (close)
        return strchr(close, '>') + 1;
    while (p < end && *p != '>') {
        if (*p == '"' || *p == '\'')
            p = strchr(p + 1, *p);
        p++;
    }
    return p + 1;
}

static const char *append_cdata(GString *out, const char *p)
{
    const char *close = strstr(p, "]]>");

    for (p += strlen(CDATA); p < close;)
        if (*p == '\r')
            p = append_space(out, p, '\t', '\n');
        else
            g_string_append_c(out, *p++);
    return close + strlen("]]>");
}

char *conf_xml_content_of(const char *start, const char *end)
{
    GString *out = g_string_sized_new((gsize)(end - start) + 1);
    const char *p = start;

    while (p < end) {
        if (conf_xml_starts_with(p, CDATA))
            p = append_cdata(out, p);
        else if (*p == '<')
            p = skip_markup(p, end);
        else if (*p == '&')
            p = append_reference(out, p);
        else if (*p == '\r')
            p = append_space(out, p, '\t', '\n');
        else
            g_string_append_c(out, *p++);
    }
    return g_string_free(out, FALSE);
}
