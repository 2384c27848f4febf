/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/svg.h"

#include <stdarg.h>

/* Appends a text as XML. Replaces what XML cannot hold. */
static void append_escaped(GString *svg, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '<')
            g_string_append(svg, "&lt;");
        else if (c == '&')
            g_string_append(svg, "&amp;");
        else if (c == '"')
            g_string_append(svg, "&quot;");
        else
            g_string_append_unichar(svg, g_unichar_isprint(c) ? c : '?');
    }
}

GString *ccw_svg_new(guint width, guint height, const char *title, const char *style)
{
    GString *svg = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

    g_string_append_printf(svg,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
                           "role=\"img\">\n<title>",
                           width, height, width, height);
    append_escaped(svg, title);
    g_string_append_printf(svg,
                           "</title>\n<style>\n"
                           "text { font: 13px sans-serif; fill: #222 }\n"
                           ".title { font: bold 17px sans-serif }\n"
                           ".small { font-size: 11px; fill: #555 }\n"
                           ".end { text-anchor: end }\n"
                           ".middle { text-anchor: middle }\n"
                           ".axis { stroke: #ddd; stroke-width: 1 }\n"
                           ".frame { fill: none; stroke: #888; stroke-width: 1 }\n"
                           "%s</style>\n"
                           "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n",
                           style, width, height);
    return svg;
}

void ccw_svg_rect(GString *svg, guint x, guint y, guint width, guint height, const char *style_class)
{
    g_string_append_printf(svg, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"%s\"/>\n", x, y, width,
                           height, style_class);
}

void ccw_svg_line(GString *svg, guint x1, guint y1, guint x2, guint y2, const char *style_class)
{
    g_string_append_printf(svg, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"%s\"/>\n", x1, y1, x2, y2,
                           style_class);
}

void ccw_svg_text(GString *svg, guint x, guint y, const char *style_class, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_string_append_printf(svg, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, style_class);
    append_escaped(svg, text);
    g_string_append(svg, "</text>\n");
}

CcwSvgFill ccw_svg_fill_new(const char *style_class)
{
    return (CcwSvgFill){ style_class, g_string_new(NULL) };
}

void ccw_svg_fill_add(CcwSvgFill *fill, guint x, guint y, guint width, guint height)
{
    g_string_append_printf(fill->path, "M%u %uh%uv%uh-%uz", x, y, width, height, width);
}

void ccw_svg_fill_end(GString *svg, CcwSvgFill *fill)
{
    if (fill->path->len)
        g_string_append_printf(svg, "<path class=\"%s\" d=\"%s\"/>\n", fill->style_class, fill->path->str);
    g_string_free(fill->path, TRUE);
    fill->path = NULL;
}

char *ccw_svg_end(GString *svg)
{
    g_string_append(svg, "</svg>\n");
    return g_string_free(svg, FALSE);
}
