/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-mark.h"

#include <string.h>

char *image_mark_random(void)
{
    return g_strdup_printf("\001virt-ccw-end-%08x%08x%08x%08x", g_random_int(), g_random_int(), g_random_int(),
                           g_random_int());
}

ImageMark *image_mark_new(const char *mark)
{
    ImageMark *made = g_new0(ImageMark, 1);

    made->mark = g_strdup(mark);
    made->held = g_byte_array_new();
    return made;
}

void image_mark_free(ImageMark *mark)
{
    if (!mark)
        return;
    g_free(mark->mark);
    g_byte_array_unref(mark->held);
    g_free(mark);
}

/* Returns: how many of the last bytes are the first ones of the mark. */
static gsize count_begun(const ImageMark *mark)
{
    for (gsize n = MIN(strlen(mark->mark) - 1, mark->held->len); n > 0; n--)
        if (memcmp(mark->held->data + mark->held->len - n, mark->mark, n) == 0)
            return n;
    return 0;
}

void image_mark_feed(ImageMark *mark, const guint8 *bytes, gsize length, GByteArray *output)
{
    const guint8 *found;
    gsize ready;

    if (mark->is_found)
        return;
    g_byte_array_append(mark->held, bytes, (guint)length);
    found = memmem(mark->held->data, mark->held->len, mark->mark, strlen(mark->mark));
    mark->is_found = found != NULL;
    ready = found ? (gsize)(found - mark->held->data) : mark->held->len - count_begun(mark);
    g_byte_array_append(output, mark->held->data, (guint)ready);
    g_byte_array_remove_range(mark->held, 0, found ? mark->held->len : (guint)ready);
}
