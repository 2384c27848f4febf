/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a changed track to the image. The process may be killed at any moment. With sync, the host may lose its power,
 * too. dasd-volume is the cache that knows the changes.
 *
 * A kill ends a write between two pages of the file. So this file writes new records in three steps, with a sync
 * between them. After each step, a reader finds a whole track:
 *
 *   cut     the track ends at the place of the first new count, and the old records after it are gone
 *   fill    the bytes after that count, with the new end marker, and data of records that stay
 *   commit  the count itself, which makes the new records visible
 *
 * If a count or an end marker lies in two blocks, this file writes the blocks in the order that dasd_track_cut() knows.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-file.h"
#include "dasd/dasd-track.h"

#define DASD_STORE_NO_FORMAT G_MAXUINT32

typedef struct {
    guint32 from, to; /* changed bytes in records that stay; no change if equal */
    guint32 format;   /* offset of the first new count or end marker; 0: the whole track; DASD_STORE_NO_FORMAT */
    guint32 file_end; /* offset of the end marker in the image; 0 if the track is a hole or damaged there */
} DasdChange;

typedef enum {
    DASD_STORE_CUT,
    DASD_STORE_FILL,
    DASD_STORE_COMMIT,
    DASD_STORE_STEPS,
} DasdStoreStep;

/**
 * dasd_store_step:
 * @ret_written: set if the step wrote something, which the caller has to sync
 *
 * Does one step of storing a change.
 *
 * Returns: FALSE with errno if the host cannot write; the track is then as before, cut, or partly filled
 */
gboolean dasd_store_step(const DasdFile *file, const DasdTrack *track, const DasdChange *change, DasdStoreStep step,
                         gboolean *ret_written);

static inline gboolean dasd_change_any(const DasdChange *change)
{
    return change->from < change->to || change->format != DASD_STORE_NO_FORMAT;
}
