/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracks of an open image: a small cache of parsed tracks. It collects the changes of a channel program, and writes
 * them when the program ends, before the guest gets the status. One thread at a time may use a volume.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_VOLUME_CACHE 32 /* tracks */

typedef struct _DasdVolume DasdVolume;

/**
 * dasd_volume_new:
 * @fd: the volume closes it
 * @sync: data that dasd_volume_flush() has written survives a power cut
 */
DasdVolume *dasd_volume_new(int fd, guint32 cylinders, gboolean sync);

/**
 * dasd_volume_new_snapshot:
 * @image_fd: only read; the volume closes it, except after an error
 * @fd: of dasd_snapshot_create(): gets all writes; the volume closes it, except after an error
 *
 * Returns: NULL on error, as dasd_snapshot_new()
 */
DasdVolume *dasd_volume_new_snapshot(int image_fd, int fd, guint32 cylinders, GError **error);

void dasd_volume_free(DasdVolume *volume);

/* Returns: the number of tracks of the volume: 15 for each cylinder. */
guint32 dasd_volume_tracks(const DasdVolume *volume);

/**
 * dasd_volume_load:
 *
 * Returns: the track, valid until another track is loaded; a damaged track has n_records 0. NULL if @number is beyond
 * the volume, the host cannot read the track, or it cannot write another track to free an entry
 */
DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number);

/**
 * dasd_volume_find:
 *
 * Like dasd_volume_load(), but without the data of a uniform track that the cache has had before: this function does
 * not read it. The caller must fetch the data of a record before it looks at it, or replace it. Before it formats a
 * track, it must fetch the data of the records that stay.
 */
DasdTrack *dasd_volume_find(DasdVolume *volume, guint32 number);

/**
 * dasd_volume_fetch:
 * @first, @last: indices of records, both inclusive
 *
 * Reads the missing data of these records.
 *
 * Returns: FALSE if the host cannot read it
 */
gboolean dasd_volume_fetch(DasdVolume *volume, DasdTrack *track, guint32 first, guint32 last);

/**
 * dasd_volume_replace:
 * @first, @last: indices of records, both inclusive
 *
 * Tells the volume that a command is about to write all data of these records, or to drop them: the volume need not
 * fetch their data.
 */
void dasd_volume_replace(DasdTrack *track, guint32 first, guint32 last);

/**
 * dasd_volume_repair:
 *
 * Makes a damaged track empty for a program that writes it anew. The first write to it makes it empty in the image,
 * too. If the program does not write to it, dasd_volume_flush() forgets the repair, and the track is damaged as before.
 */
void dasd_volume_repair(DasdVolume *volume, DasdTrack *track);

/**
 * dasd_volume_store:
 * @from: first changed byte in the slot
 * @to: the byte after the last changed one
 *
 * Notes a change of a loaded track. The bytes lie within records that existed before, and do not change their counts.
 * Or they begin with a count or the end marker, and go on beyond the end marker.
 */
void dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to);

/**
 * dasd_volume_flush:
 *
 * Writes the noted changes.
 *
 * Returns: TRUE if the changes are in the host's page cache (with sync: on its disk). FALSE if the host cannot write;
 * the volume then forgets the tracks that were not written, and reads them anew
 */
gboolean dasd_volume_flush(DasdVolume *volume);

/**
 * dasd_volume_lacks_room:
 *
 * Returns: TRUE if dasd_volume_load() or dasd_volume_flush() failed last because the disk of the image was full, or
 * could not be written at that time. Always FALSE with a snapshot: a run that is thrown away must end, and not wait
 */
gboolean dasd_volume_lacks_room(const DasdVolume *volume);

/**
 * dasd_volume_has_room:
 *
 * Checks whether the host could now write the data that it had no room for. Changes no data that can be read.
 */
gboolean dasd_volume_has_room(DasdVolume *volume);
