/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/ccw-xml-scan.h"

#include <string.h>

gboolean ccw_xml_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Markup that holds no elements, whatever stands in it. */
static const struct {
    const char *open;
    const char *close;
} opaque[] = {
    { "<!--", "-->" },
    { "<![CDATA[", "]]>" },
    { "<?", "?>" },
};

/* One past the '>' that ends the start tag at start, or NULL. A '>' inside quotes does not end it. */
static const char *tag_end(const char *start, const char *end)
{
    const char *p = start + 1;

    while (p < end && *p != '>') {
        if (*p == '"' || *p == '\'') {
            p = memchr(p + 1, *p, (gsize)(end - p - 1));
            if (!p)
                return NULL;
        }
        p++;
    }
    return p < end ? p + 1 : NULL;
}

/* One past the comment, CDATA section or processing instruction at p; p if there is none; NULL if it does not end. */
static const char *skip_opaque(const char *p, const char *end)
{
    for (gsize i = 0; i < G_N_ELEMENTS(opaque); i++) {
        gsize length = strlen(opaque[i].open);

        if ((gsize)(end - p) >= length && memcmp(p, opaque[i].open, length) == 0) {
            const char *close = g_strstr_len(p + length, end - p - (gssize)length, opaque[i].close);

            return close ? close + strlen(opaque[i].close) : NULL;
        }
    }
    return p;
}

static const char *open_element(const char *text, const char *p, const char *end, GArray *spans, GArray *open)
{
    const char *after = tag_end(p, end);
    CcwXmlSpan span;

    if (!after)
        return NULL;
    span.start = (guint32)(p - text);
    span.tag_end = span.content_end = span.end = (guint32)(after - text);
    if (after[-2] != '/')
        g_array_append_val(open, spans->len);
    g_array_append_val(spans, span);
    return after;
}

static const char *close_element(const char *text, const char *p, const char *end, GArray *spans, GArray *open)
{
    const char *after = memchr(p, '>', (gsize)(end - p));
    CcwXmlSpan *span;

    if (!after || open->len == 0)
        return NULL;
    span = &g_array_index(spans, CcwXmlSpan, g_array_index(open, guint, open->len - 1));
    g_array_set_size(open, open->len - 1);
    span->content_end = (guint32)(p - text);
    span->end = (guint32)(after + 1 - text);
    return after + 1;
}

CcwXmlScan ccw_xml_scan(const char *text, gsize length, GArray *spans)
{
    g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
    const char *end = text + length;
    const char *p = text;

    while ((p = memchr(p, '<', (gsize)(end - p)))) {
        const char *after = skip_opaque(p, end);

        if (after == p && p[1] == '!')
            return CCW_XML_DOCTYPE;
        if (after == p && p[1] == '/')
            after = close_element(text, p, end, spans, open);
        else if (after == p)
            after = open_element(text, p, end, spans, open);
        if (!after)
            return CCW_XML_BROKEN;
        p = after;
    }
    return open->len == 0 && spans->len > 0 ? CCW_XML_SCANNED : CCW_XML_BROKEN;
}

guint32 ccw_xml_name_end(const char *text, const CcwXmlSpan *span)
{
    guint32 p = span->start + 1;

    while (p < span->tag_end && !ccw_xml_is_space(text[p]) && text[p] != '/' && text[p] != '>')
        p++;
    return p;
}

/* Reads the attribute at or after *pos, and moves *pos past it. */
static gboolean next_attr(const char *text, const CcwXmlSpan *span, guint32 *pos, CcwXmlAttr *ret_attr)
{
    CcwXmlAttr attr;
    guint32 p = *pos;
    const char *close;

    while (p < span->tag_end && ccw_xml_is_space(text[p]))
        p++;
    attr.name = p;
    while (p < span->tag_end && !ccw_xml_is_space(text[p]) && !strchr("=/>", text[p]))
        p++;
    attr.name_end = p;
    while (p < span->tag_end && (ccw_xml_is_space(text[p]) || text[p] == '='))
        p++;
    if (attr.name == attr.name_end || p >= span->tag_end || (text[p] != '"' && text[p] != '\''))
        return FALSE;
    attr.value = p + 1;
    close = memchr(text + attr.value, text[p], span->tag_end - attr.value);
    if (!close)
        return FALSE;
    attr.value_end = (guint32)(close - text);
    *pos = attr.value_end + 1;
    *ret_attr = attr;
    return TRUE;
}

gboolean ccw_xml_attr_nth(const char *text, const CcwXmlSpan *span, guint n, CcwXmlAttr *ret_attr)
{
    guint32 pos = ccw_xml_name_end(text, span);
    CcwXmlAttr attr;

    do {
        if (!next_attr(text, span, &pos, &attr))
            return FALSE;
    } while (n-- > 0);
    *ret_attr = attr;
    return TRUE;
}

gboolean ccw_xml_attr_named(const char *text, const CcwXmlSpan *span, const char *name, CcwXmlAttr *ret_attr)
{
    guint32 pos = ccw_xml_name_end(text, span);
    gsize length = strlen(name);
    CcwXmlAttr attr;

    while (next_attr(text, span, &pos, &attr)) {
        if (attr.name_end - attr.name == length && memcmp(text + attr.name, name, length) == 0) {
            *ret_attr = attr;
            return TRUE;
        }
    }
    return FALSE;
}
