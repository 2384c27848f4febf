/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracks of an open image: a small cache of parsed tracks, written through. One thread at a time.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_VOLUME_CACHE 32 /* tracks */

typedef struct _DasdVolume DasdVolume;

/* Takes over fd. */
DasdVolume *dasd_volume_new(int fd, guint32 cylinders);
void dasd_volume_free(DasdVolume *volume);

guint32 dasd_volume_tracks(const DasdVolume *volume);

/*
 * The track, valid until another is loaded. A damaged one has n_records 0. NULL if number is beyond the volume or the
 * host cannot read it.
 */
DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number);

/*
 * Writes bytes from (inclusive) to (exclusive) of the slot to the image; of a track that was a hole, all it has. They
 * are in the host's page cache when this returns TRUE; on FALSE the cached track is forgotten.
 */
gboolean dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to);
