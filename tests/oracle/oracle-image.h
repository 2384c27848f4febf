/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volume of the oracle's programs. Each program has a window of five tracks, always with the same records. Windows
 * begin at the heads 0, 5 and 10 of their cylinder, so that the last one ends with the cylinder. Cylinder 0 has the
 * records of an IPL.
 */
#pragma once

#include <glib.h>

#define WINDOW_TRACKS 5
#define WINDOW_LENGTH 32 /* bytes of data of most records */
#define WINDOW_KEY 8     /* bytes of key on track 2 */

/**
 * window_track:
 *
 * Returns: the first track of a window
 */
guint32 window_track(guint window);

/**
 * window_cylinders:
 *
 * Returns: the number of cylinders of a volume with so many windows
 */
guint32 window_cylinders(guint windows);

/**
 * window_image_make:
 *
 * Makes a new image at @path.
 *
 * Returns: FALSE with @error if the host cannot write it
 */
gboolean window_image_make(const char *path, guint windows, GError **error);

/**
 * window_key:
 *
 * Writes the key of a record of track 2, also for a search.
 */
void window_key(guint8 key[WINDOW_KEY], guint8 record);

/**
 * window_track_ends:
 *
 * Returns: TRUE if the end marker is within the first @size bytes of a slot
 */
gboolean window_track_ends(const guint8 *slot, gsize size);

/**
 * window_tracks_equal:
 *
 * Returns: TRUE if two slots have the same bytes up to the end marker, which is included
 */
gboolean window_tracks_equal(const guint8 *a, const guint8 *b);
