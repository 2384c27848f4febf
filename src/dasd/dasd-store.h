/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a changed track gets into the image, so that the process may be killed at any moment, and with sync the host lose
 * its power. The cache that knows what changed is dasd-volume.
 *
 * A kill ends a write between two pages of the file. So new records are written in three steps, with a sync between
 * them, each of which leaves a whole track as far as a reader can tell:
 *
 *   cut     the track ends where the first new count will be: what was there is gone
 *   fill    all that is new behind that count, the end marker too; and data of records that stay
 *   commit  the count itself: the new records are there
 *
 * A count or an end marker that lies across two blocks is written in the order that dasd_track_cut() tells apart.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-file.h"
#include "dasd/dasd-track.h"

#define DASD_STORE_NO_FORMAT G_MAXUINT32

typedef struct {
    guint32 from, to; /* bytes that changed in records that stay; none if equal */
    guint32 format;   /* of the first new count or of the new end marker, 0 for the whole track; DASD_STORE_NO_FORMAT */
    guint32 file_end; /* of the end marker in the image; 0 if the track is a hole or damaged there */
} DasdChange;

typedef enum {
    DASD_STORE_CUT,
    DASD_STORE_FILL,
    DASD_STORE_COMMIT,
    DASD_STORE_STEPS,
} DasdStoreStep;

/*
 * One step of storing a change; ret_written is set if there was anything to write, and to sync for the caller. FALSE
 * with errno when the host cannot write: the track is then as it was, cut, or partly filled.
 */
gboolean dasd_store_step(const DasdFile *file, const DasdTrack *track, const DasdChange *change, DasdStoreStep step,
                         gboolean *ret_written);

static inline gboolean dasd_change_any(const DasdChange *change)
{
    return change->from < change->to || change->format != DASD_STORE_NO_FORMAT;
}
