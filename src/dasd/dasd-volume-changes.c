/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handles the changes that a program makes to the tracks in the cache: notes them, writes them to the image, and
 * forgets the tracks if the host cannot write.
 */
#include "dasd/dasd-volume-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

void dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to)
{
    DasdChange *change = &((DasdVolumeEntry *)track)->change;
    gboolean none = change->from == change->to;

    volume->changed = TRUE;
    if (track->unwritten || (to > track->end && from < DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL))
        change->format = 0;
    else if (to > track->end)
        change->format = MIN(change->format, from);
    else {
        /*
         * A flush also writes the bytes between two changes. Between neighbours these bytes are a count. Otherwise they
         * include data, which must be fetched.
         */
        if (!none && (from > change->to + DASD_COUNT_SIZE || to + DASD_COUNT_SIZE < change->from) &&
            !dasd_volume_fetch(volume, track, 0, track->n_records - 1))
            volume->lost = TRUE;
        change->from = none ? from : MIN(change->from, from);
        change->to = none ? to : MAX(change->to, to);
    }
}

void dasd_volume_repair(DasdVolume *volume, DasdTrack *track)
{
    dasd_track_make_empty(track, track->number);
    track->unwritten = TRUE;
    ((DasdVolumeEntry *)track)->is_repaired = TRUE;
    volume->has_repaired = TRUE;
}

/* Without a write, the image still has the damaged track. The next program must see it. */
static void forget_repairs(DasdVolume *volume)
{
    for (gsize i = 0; volume->has_repaired && i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        DasdVolumeEntry *entry = volume->entries[i];

        if (entry->is_repaired && !dasd_change_any(&entry->change))
            entry->track.number = DASD_NO_TRACK;
    }
    volume->has_repaired = FALSE;
}

static gboolean run_step(DasdVolume *volume, DasdStoreStep step)
{
    gboolean written = FALSE;

    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        const DasdVolumeEntry *entry = volume->entries[i];

        if (dasd_change_any(&entry->change) &&
            !dasd_store_step(&volume->file, &entry->track, &entry->change, step, &written)) {
            volume->error = errno;
            volume->failed = entry->track.number;
            return FALSE;
        }
    }
    if (!written || !volume->file.sync || fdatasync(volume->file.fd) == 0)
        return TRUE;
    volume->error = errno;
    volume->failed = DASD_NO_TRACK;
    return FALSE;
}

static gboolean is_full(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EROFS;
}

gboolean dasd_volume_lacks_room(const DasdVolume *volume)
{
    return !volume->snapshot && is_full(volume->error);
}

/*
 * Allocates the place of the track in the file. The file system answers this as it answered the write, quotas included.
 * If the file system cannot allocate, this function looks at the free space of the whole file system.
 */
gboolean dasd_volume_has_room(DasdVolume *volume)
{
    struct statvfs fs;

    if (volume->failed != DASD_NO_TRACK) {
        if (fallocate(volume->file.fd, FALLOC_FL_KEEP_SIZE, (off_t)dasd_track_file_offset(volume->failed),
                      DASD_3390_TRACK_SIZE) == 0)
            return TRUE;
        if (errno != EOPNOTSUPP && errno != ENOSYS)
            return FALSE;
    }
    return fstatvfs(volume->file.fd, &fs) == 0 && !(fs.f_flag & ST_RDONLY) &&
           (guint64)fs.f_bavail * fs.f_frsize >= DASD_3390_TRACK_SIZE;
}

/*
 * Clears a change. After a failed write the contents of the image are unknown, so this function forgets the track, too.
 */
static void forget_change(DasdVolume *volume, DasdVolumeEntry *entry, gboolean written)
{
    DasdTrack *track = &entry->track;
    gboolean formatted = entry->change.format != DASD_STORE_NO_FORMAT;

    if (written) {
        track->unwritten = FALSE;
        if (formatted)
            volume->layouts[track->number] = dasd_track_layout(track);
    } else {
        volume->layouts[track->number] = 0;
        track->number = DASD_NO_TRACK;
    }
    dasd_volume_clear_change(entry);
}

/*
 * Returns TRUE if the file still has the records that a change keeps. If not, a write would put data into the middle of
 * another track.
 */
static gboolean is_same_track(DasdVolume *volume, const DasdVolumeEntry *entry)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *now = g_new0(DasdTrack, 1);
    const DasdTrack *track = &entry->track;

    if (entry->change.format == 0 && !track->unwritten)
        return TRUE;
    now->slot = slot;
    if (!dasd_volume_read_slot(volume, slot, track->number, 0, DASD_3390_TRACK_SIZE))
        return FALSE;
    if (!dasd_track_parse(now, track->number))
        return track->unwritten; /* damaged: a repair replaces the whole track */
    if (track->unwritten)
        return now->unwritten;
    for (guint32 i = 0; i < track->n_records; i++) {
        const DasdRecord *ours = &track->records[i], *theirs = &now->records[i];

        if (entry->change.format != DASD_STORE_NO_FORMAT && ours->offset >= entry->change.format)
            return TRUE;
        if (now->unwritten || i >= now->n_records || ours->offset != theirs->offset || ours->kl != theirs->kl ||
            ours->dl != theirs->dl)
            return FALSE;
    }
    return TRUE;
}

/*
 * Returns FALSE if a changed track is no longer in the image file, because pwrite(2) would extend the file and succeed.
 * Also returns FALSE if another program has replaced the track. This function does not notice changes between the check
 * and the write.
 */
static gboolean tracks_exist(DasdVolume *volume)
{
    guint64 size = dasd_volume_check_file(volume);

    for (gsize i = 0; (volume->foreign || size < volume->file.size) && i < DASD_VOLUME_CACHE && volume->entries[i];
         i++) {
        const DasdVolumeEntry *entry = volume->entries[i];

        if (!dasd_change_any(&entry->change))
            continue;
        if (dasd_track_file_offset(entry->track.number + 1) > size ||
            (volume->foreign && !is_same_track(volume, entry))) {
            volume->error = EIO;
            volume->failed = entry->track.number;
            return FALSE;
        }
    }
    return TRUE;
}

/*
 * If a track was formatted with the counts that it has in the file, its records stay and get other data. One write does
 * this, where new records need three steps. The records before the first new one were fetched.
 */
static void keep_same_records(const DasdVolume *volume, DasdVolumeEntry *entry)
{
    DasdChange *change = &entry->change;
    guint32 layout = volume->layouts[entry->track.number];

    if (change->format == DASD_STORE_NO_FORMAT || change->format == 0 || !layout || layout == DASD_LAYOUT_HOLE ||
        layout != dasd_track_layout(&entry->track))
        return;
    change->from = change->from < change->to ? MIN(change->from, change->format) : change->format;
    change->to = entry->track.end;
    change->format = DASD_STORE_NO_FORMAT;
}

/* The first change of a track in the image makes the whole track a change: the snapshot has a hole in its place. */
static gboolean copy_to_snapshot(DasdVolume *volume, DasdVolumeEntry *entry)
{
    DasdTrack *track = &entry->track;

    if (dasd_snapshot_has(volume->snapshot, track->number))
        return TRUE;
    if (track->n_records && !dasd_volume_fetch(volume, track, 0, track->n_records - 1))
        return FALSE;
    track->unwritten = TRUE;
    entry->change = (DasdChange){ .format = 0 };
    return TRUE;
}

/* Chooses how each change is written. */
static gboolean prepare_changes(DasdVolume *volume)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        DasdVolumeEntry *entry = volume->entries[i];

        if (!dasd_change_any(&entry->change))
            continue;
        if (volume->snapshot && !copy_to_snapshot(volume, entry))
            return FALSE;
        keep_same_records(volume, entry);
    }
    return TRUE;
}

/* Notes the written tracks in the snapshot's map. */
static gboolean mark_tracks(DasdVolume *volume)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        const DasdVolumeEntry *entry = volume->entries[i];
        guint32 number = entry->track.number;

        if (!dasd_change_any(&entry->change) || dasd_snapshot_has(volume->snapshot, number) ||
            dasd_snapshot_mark(volume->snapshot, number))
            continue;
        volume->error = errno;
        return FALSE;
    }
    return TRUE;
}

static gboolean write_changes(DasdVolume *volume)
{
    for (DasdStoreStep step = 0; step < DASD_STORE_STEPS; step++)
        if (!run_step(volume, step))
            return FALSE;
    return !volume->snapshot || mark_tracks(volume);
}

gboolean dasd_volume_flush(DasdVolume *volume)
{
    gboolean good, is_begun;

    forget_repairs(volume);
    if (!volume->changed)
        return TRUE;
    is_begun = tracks_exist(volume) && !volume->lost && prepare_changes(volume);
    good = is_begun && write_changes(volume);
    if (!good && volume->snapshot && is_full(volume->error))
        dasd_snapshot_report_full(volume->snapshot, volume->error);
    /* Without an earlier check, a write of another program would count as the device's own. */
    if (is_begun)
        dasd_file_wrote(&volume->file);
    volume->changed = FALSE;
    volume->foreign = FALSE;
    volume->lost = FALSE;
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        DasdVolumeEntry *entry = volume->entries[i];

        if (!dasd_change_any(&entry->change))
            continue;
        forget_change(volume, entry, good);
    }
    return good;
}
