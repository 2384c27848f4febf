/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes pictures in SVG. All coordinates are whole pixels, so that no number depends on the locale; text is escaped.
 * The classes of shapes and of texts are those of the style sheet, which the caller gives.
 */
#pragma once

#include <glib.h>

/* A fill of the same colour in many small rectangles, one path of the picture. */
typedef struct {
    const char *style_class;
    GString *path;
} CcwSvgFill;

/**
 * ccw_svg_new: Begins a picture with a white ground.
 * @style: rules of CSS besides those of "text", "title", "small", "axis" and "frame"
 *
 * Returns: the text, for ccw_svg_end().
 */
GString *ccw_svg_new(guint width, guint height, const char *title, const char *style);

/* These append a shape. Coordinates are in units of the picture, from its upper left corner. @style_class: of CSS */
void ccw_svg_rect(GString *svg, guint x, guint y, guint width, guint height, const char *style_class);
void ccw_svg_line(GString *svg, guint x1, guint y1, guint x2, guint y2, const char *style_class);

/* Writes a text at a base line. @style_class: also "end" and "middle" say which end of the text is at @x */
void ccw_svg_text(GString *svg, guint x, guint y, const char *style_class, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Begins a fill, which collects rectangles until ccw_svg_fill_end() writes them as one path. */
CcwSvgFill ccw_svg_fill_new(const char *style_class);
void ccw_svg_fill_add(CcwSvgFill *fill, guint x, guint y, guint width, guint height);
void ccw_svg_fill_end(GString *svg, CcwSvgFill *fill);

/* Ends the picture. Returns: its text, to be freed with g_free(). */
char *ccw_svg_end(GString *svg);
