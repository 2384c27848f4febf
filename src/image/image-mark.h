/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the end of a command's output in a stream that goes on: the guest writes a mark behind it, which the host has
 * chosen at random.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *mark;
    GByteArray *held;  /* the last bytes, if the mark may begin in them */
    gboolean is_found; /* whatever follows the mark is dropped */
} ImageMark;

/* Returns: a new mark of 128 random bits, which a terminal passes on as it is; free with g_free(). */
char *image_mark_random(void);

/* @mark: copied */
ImageMark *image_mark_new(const char *mark);
void image_mark_free(ImageMark *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageMark, image_mark_free)

/* Appends to @output what is certainly before the mark: all bytes, except those with which the mark may begin. */
void image_mark_feed(ImageMark *mark, const guint8 *bytes, gsize length, GByteArray *output);
