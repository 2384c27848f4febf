/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volume that the programs of the oracle work on: each program has a window of five tracks to itself, always with
 * the same records. Windows stand at the heads 0, 5 and 10 of their cylinder, so that the last ends with it. Cylinder 0
 * has the records of an IPL.
 */
#pragma once

#include <glib.h>

#define WINDOW_TRACKS 5
#define WINDOW_LENGTH 32 /* bytes of data of most records */
#define WINDOW_KEY 8     /* bytes of key on track 2 */

guint32 window_track(guint window);

/* Cylinders of a volume with so many windows. */
guint32 window_cylinders(guint windows);

/* A new image at path. */
gboolean window_image_make(const char *path, guint windows, GError **error);

/* The key of a record of track 2; for a search, too. */
void window_key(guint8 key[WINDOW_KEY], guint8 record);

/* Whether two slots hold the same track: all up to the end marker, this included. */
gboolean window_tracks_equal(const guint8 *a, const guint8 *b);
