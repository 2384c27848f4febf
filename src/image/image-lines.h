/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Divides what a guest writes into lines, and keeps the last of them for a message. The guest may write anything: a
 * line is cut at IMAGE_LINE_MAX bytes, and no more than IMAGE_TAIL_LINES lines are kept.
 */
#pragma once

#include <glib.h>

#define IMAGE_LINE_MAX 1024u
#define IMAGE_TAIL_LINES 20u

/* Returns: FALSE with an error that ends image_lines_feed(). */
typedef gboolean (*ImageLineFunc)(const char *line, gpointer data, GError **error);

typedef struct {
    GString *line; /* the line that has not ended */
} ImageLines;

ImageLines *image_lines_new(void);
void image_lines_free(ImageLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageLines, image_lines_free)

/**
 * image_lines_feed:
 * @bytes: what the guest wrote, from anywhere in a line to anywhere in another
 * @func: called with each line that ends, without its end; a NUL in it is a '?'
 *
 * Returns: FALSE with the error of @func
 */
gboolean image_lines_feed(ImageLines *lines, const char *bytes, gsize length, ImageLineFunc func, gpointer data,
                          GError **error);

/* Adds a printable copy of @line to @tail (char *). Drops the oldest line if there are IMAGE_TAIL_LINES. */
void image_tail_add(GPtrArray *tail, const char *line);
