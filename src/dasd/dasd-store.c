/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * Home address and R0. They decide whether the track exists in the file. They lie within one block, because slots
 * consist of whole blocks.
 */
#define HEAD_SIZE (DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL)

static gboolean write_at(const DasdFile *file, const guint8 *from, gsize length, guint64 offset)
{
    while (length) {
        ssize_t n = pwrite(file->fd, from, length, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = EIO;
            return FALSE;
        }
        from += n;
        length -= (gsize)n;
        offset += (guint64)n;
    }
    return TRUE;
}

static gboolean write_slot(const DasdFile *file, const DasdTrack *track, guint32 from, guint32 to)
{
    return from >= to || write_at(file, track->slot + from, to - from, dasd_track_file_offset(track->number) + from);
}

/*
 * Writes eight bytes: a count over an end marker, or the reverse. If the bytes lie in two blocks, this function writes
 * them one after the other. It chooses the order so that dasd_track_cut() recognises the end of the track if the second
 * write is lost.
 */
static gboolean write_eight(const DasdFile *file, const DasdTrack *track, guint32 at, const guint8 *bytes,
                            gboolean marker)
{
    guint64 offset = dasd_track_file_offset(track->number) + at;
    guint split = dasd_track_split(track->number, at);
    gboolean second_first = marker == (split < DASD_COUNT_SIZE - 1);

    if (!split)
        return write_at(file, bytes, DASD_COUNT_SIZE, offset);
    if (second_first && !write_at(file, bytes + split, DASD_COUNT_SIZE - split, offset + split))
        return FALSE;
    if (!second_first && !write_at(file, bytes, split, offset))
        return FALSE;
    if (file->sync && fdatasync(file->fd) < 0)
        return FALSE;
    return second_first ? write_at(file, bytes, split, offset)
                        : write_at(file, bytes + split, DASD_COUNT_SIZE - split, offset + split);
}

static gboolean cut(const DasdFile *file, const DasdTrack *track, const DasdChange *change, gboolean *ret_written)
{
    static const guint8 nothing[HEAD_SIZE];
    static const guint8 marker[DASD_END_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    /* A hole needs no cut, and after the end marker there is nothing to cut. */
    if (change->format == DASD_STORE_NO_FORMAT || (change->format && change->format >= change->file_end) ||
        track->unwritten)
        return TRUE;
    *ret_written = TRUE;
    if (change->format == 0)
        return write_at(file, nothing, sizeof(nothing), dasd_track_file_offset(track->number));
    return write_eight(file, track, change->format, marker, TRUE);
}

static gboolean fill(const DasdFile *file, const DasdTrack *track, const DasdChange *change, gboolean *ret_written)
{
    guint32 to = MIN(change->to, change->format);
    guint32 behind = change->format == 0 ? HEAD_SIZE : change->format + DASD_COUNT_SIZE;

    *ret_written = TRUE;
    if (!write_slot(file, track, change->from, to))
        return FALSE;
    return change->format == DASD_STORE_NO_FORMAT || write_slot(file, track, behind, track->end + DASD_END_SIZE);
}

static gboolean commit(const DasdFile *file, const DasdTrack *track, const DasdChange *change, gboolean *ret_written)
{
    /* An erased track already ends at the cut. */
    if (change->format == DASD_STORE_NO_FORMAT || change->format == track->end)
        return TRUE;
    *ret_written = TRUE;
    if (change->format == 0)
        return write_slot(file, track, 0, HEAD_SIZE);
    return write_eight(file, track, change->format, track->slot + change->format, FALSE);
}

gboolean dasd_store_step(const DasdFile *file, const DasdTrack *track, const DasdChange *change, DasdStoreStep step,
                         gboolean *ret_written)
{
    static gboolean (*const steps[DASD_STORE_STEPS])(const DasdFile *, const DasdTrack *, const DasdChange *,
                                                     gboolean *) = {
        [DASD_STORE_CUT] = cut,
        [DASD_STORE_FILL] = fill,
        [DASD_STORE_COMMIT] = commit,
    };

    return steps[step](file, track, change, ret_written);
}
