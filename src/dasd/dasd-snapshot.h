/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The snapshot of an image: a file without a name that gets all writes of one run. The image below it is only read.
 *
 * The file has the layout of the image, with a hole for each track that still is in the image alone. After the last
 * slot it has the map: one byte for each track, 1 if the track is in the snapshot. The device writes a changed track as
 * a whole, and then its byte of the map. So a kill at any moment leaves either the image's track or the whole new one.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-file.h"

typedef struct {
    DasdFile image;   /* the image below the snapshot */
    int fd;           /* the snapshot; the volume closes it */
    guint32 tracks;   /* of the volume */
    guint8 *map;      /* one byte for each track, as in the file */
    gboolean is_full; /* the log already says that the snapshot has no room */
} DasdSnapshot;

/**
 * dasd_snapshot_create:
 * @folder: of the file; NULL: $TMPDIR, or /var/tmp without it
 * @cylinders: of the image
 *
 * Creates an empty snapshot that no folder lists. It is gone when its last descriptor is closed, also by SIGKILL.
 *
 * Returns: the descriptor or -1. Errors: CCW_ERROR_SYSTEM
 */
int dasd_snapshot_create(const char *folder, guint32 cylinders, GError **error);

/**
 * dasd_snapshot_new:
 * @image_fd: an open image; the snapshot closes it, except after an error
 * @fd: of dasd_snapshot_create() for this image; the caller still closes it
 * @cylinders: of the image
 *
 * Reads which tracks a device has written to the snapshot before.
 *
 * Returns: NULL on error. Errors: CCW_ERROR_IMAGE if the file is no snapshot of such an image; CCW_ERROR_SYSTEM
 */
DasdSnapshot *dasd_snapshot_new(int image_fd, int fd, guint32 cylinders, GError **error);
void dasd_snapshot_free(DasdSnapshot *snapshot);

/* Returns: TRUE if the track is in the snapshot, FALSE if it is in the image alone. */
static inline gboolean dasd_snapshot_has(const DasdSnapshot *snapshot, guint32 track)
{
    return snapshot->map[track] != 0;
}

/**
 * dasd_snapshot_file_has:
 * @fd: of dasd_snapshot_create() for an image of @cylinders
 * @track: within the image
 *
 * Reads whether the track is in a snapshot that another process may be using.
 *
 * Returns: FALSE also if the file is no snapshot of such an image, or cannot be read
 */
gboolean dasd_snapshot_file_has(int fd, guint32 cylinders, guint32 track);

/**
 * dasd_snapshot_mark:
 *
 * Notes that the snapshot has the track. Call this after the whole track is written.
 *
 * Returns: FALSE with errno if the host cannot write
 */
gboolean dasd_snapshot_mark(DasdSnapshot *snapshot, guint32 track);

/**
 * dasd_snapshot_report_full:
 * @errnum: why the host could not write
 *
 * Logs once that the snapshot has no room. The warning names the image, and the folder of the snapshot.
 */
void dasd_snapshot_report_full(DasdSnapshot *snapshot, int errnum);

/**
 * dasd_snapshot_size:
 *
 * Returns: the bytes of a snapshot file: slots and map
 */
guint64 dasd_snapshot_size(guint32 cylinders);
