/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracks of an open image: a small cache of parsed tracks. What a channel program changes is collected here and
 * written when it ends, before its status is given. One thread at a time.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_VOLUME_CACHE 32 /* tracks */

typedef struct _DasdVolume DasdVolume;

/* Takes over fd. With sync, what dasd_volume_flush() has written survives a power cut. */
DasdVolume *dasd_volume_new(int fd, guint32 cylinders, gboolean sync);
void dasd_volume_free(DasdVolume *volume);

guint32 dasd_volume_tracks(const DasdVolume *volume);

/*
 * The track, valid until another is loaded. A damaged one has n_records 0. NULL if number is beyond the volume or the
 * host cannot read it, or cannot write what is to make room.
 */
DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number);

/*
 * As dasd_volume_load(), but of a uniform track that was here before the data may be missing: nothing is read then. It
 * is to be fetched before it is looked at, or replaced, record by record; before a track is formatted, of the records
 * that stay.
 */
DasdTrack *dasd_volume_find(DasdVolume *volume, guint32 number);

/* Reads the data of these records (indices, both inclusive) that is missing. FALSE: the host cannot read it. */
gboolean dasd_volume_fetch(DasdVolume *volume, DasdTrack *track, guint32 first, guint32 last);

/* All data of these records is about to be written, or they are gone: what is in the image need not be fetched. */
void dasd_volume_replace(DasdTrack *track, guint32 first, guint32 last);

/*
 * Notes that bytes from (inclusive) to (exclusive) of a loaded track changed. Either they are within records that were
 * there (their counts are not changed), or they begin with a count, or the end marker, and go on behind the end marker.
 */
void dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to);

/*
 * Writes what was noted: it is in the host's page cache (with sync: on its disk) when this returns TRUE. On FALSE the
 * tracks that were not written are forgotten, and read anew.
 */
gboolean dasd_volume_flush(DasdVolume *volume);

/* Why dasd_volume_load() or dasd_volume_flush() failed last. TRUE: the host had no room, or may not write just now. */
gboolean dasd_volume_lacks_room(const DasdVolume *volume);

/* Looks whether the host could write now what it had no room for then; changes nothing that can be read. */
gboolean dasd_volume_has_room(DasdVolume *volume);
