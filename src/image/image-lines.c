/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-lines.h"

#include <string.h>

#include "util/error.h"

ImageLines *image_lines_new(void)
{
    ImageLines *lines = g_new0(ImageLines, 1);

    lines->line = g_string_new(NULL);
    return lines;
}

void image_lines_free(ImageLines *lines)
{
    if (!lines)
        return;
    g_string_free(lines->line, TRUE);
    g_free(lines);
}

static void append(GString *line, const char *bytes, gsize length)
{
    gsize room = IMAGE_LINE_MAX - line->len;

    for (gsize i = 0; i < MIN(length, room); i++)
        g_string_append_c(line, bytes[i] ? bytes[i] : '?');
}

gboolean image_lines_feed(ImageLines *lines, const char *bytes, gsize length, ImageLineFunc func, gpointer data,
                          GError **error)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        gsize part = end ? (gsize)(end - bytes) : length;
        gboolean ok;

        append(lines->line, bytes, part);
        if (!end)
            return TRUE;
        if (lines->line->len > 0 && lines->line->str[lines->line->len - 1] == '\r')
            g_string_truncate(lines->line, lines->line->len - 1);
        ok = func(lines->line->str, data, error);
        g_string_truncate(lines->line, 0);
        if (!ok)
            return FALSE;
        bytes += part + 1;
        length -= part + 1;
    }
    return TRUE;
}

void image_tail_add(GPtrArray *tail, const char *line)
{
    g_autofree char *safe = ccw_one_line(line);

    if (!*g_strstrip(safe))
        return;
    if (tail->len >= IMAGE_TAIL_LINES)
        g_ptr_array_remove_index(tail, 0);
    g_ptr_array_add(tail, g_steal_pointer(&safe));
}
