/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads tracks, and chooses the tracks in the cache. dasd-volume-changes.c writes tracks.
 */
#include "dasd/dasd-volume-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The device need not read tracks that lie wholly in the hole. */
static void note_hole(gpointer opaque, guint64 from, guint64 to)
{
    DasdVolume *volume = opaque;
    guint64 first = from <= DASD_CKD_HEADER_SIZE
                        ? 0
                        : (from - DASD_CKD_HEADER_SIZE + DASD_3390_TRACK_SIZE - 1) / DASD_3390_TRACK_SIZE;

    for (guint64 i = first; i < volume->tracks && dasd_track_file_offset((guint32)i + 1) <= to; i++)
        volume->layouts[i] = DASD_LAYOUT_HOLE;
}

static DasdVolume *make_volume(int fd, guint32 cylinders, gboolean sync)
{
    DasdVolume *volume = g_new0(DasdVolume, 1);

    volume->tracks = cylinders * DASD_3390_HEADS;
    dasd_file_init(&volume->file, fd, dasd_track_file_offset(volume->tracks), sync);
    volume->layouts = g_new0(guint32, volume->tracks);
    return volume;
}

DasdVolume *dasd_volume_new(int fd, guint32 cylinders, gboolean sync)
{
    DasdVolume *volume = make_volume(fd, cylinders, sync);

    dasd_file_find_holes(&volume->file, note_hole, volume);
    return volume;
}

DasdVolume *dasd_volume_new_snapshot(int image_fd, int fd, guint32 cylinders, GError **error)
{
    DasdSnapshot *snapshot = dasd_snapshot_new(image_fd, fd, cylinders, error);
    DasdVolume *volume;

    if (!snapshot)
        return NULL;
    volume = make_volume(fd, cylinders, FALSE);
    volume->snapshot = snapshot;
    dasd_file_find_holes(&snapshot->image, note_hole, volume);
    for (guint32 i = 0; i < volume->tracks; i++)
        if (dasd_snapshot_has(snapshot, i))
            volume->layouts[i] = 0;
    return volume;
}

void dasd_volume_free(DasdVolume *volume)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE; i++) {
        if (volume->entries[i])
            g_free(volume->entries[i]->track.slot);
        g_free(volume->entries[i]);
    }
    close(volume->file.fd);
    dasd_snapshot_free(volume->snapshot);
    g_free(volume->layouts);
    g_free(volume);
}

guint32 dasd_volume_tracks(const DasdVolume *volume)
{
    return volume->tracks;
}

static DasdVolumeEntry *find_entry(DasdVolume *volume, guint32 number)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++)
        if (volume->entries[i]->track.number == number)
            return volume->entries[i];
    return NULL;
}

/* Returns TRUE if the volume can make the entry again without a read of the image, apart from data. */
static gboolean is_cheap(const DasdVolume *volume, const DasdVolumeEntry *entry)
{
    return !dasd_change_any(&entry->change) &&
           (entry->track.number == DASD_NO_TRACK || volume->layouts[entry->track.number]);
}

/*
 * Returns the cheap entry that was used last: the processor has it in its cache, while all entries together exceed the
 * second-level cache of most processors. Without a cheap entry, returns a new entry, else the entry that was used
 * longest ago.
 */
static DasdVolumeEntry *take_entry(DasdVolume *volume)
{
    DasdVolumeEntry *oldest = NULL, *newest = NULL;
    gsize i;

    for (i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        DasdVolumeEntry *entry = volume->entries[i];

        if (is_cheap(volume, entry) && (!newest || entry->used > newest->used))
            newest = entry;
        if (!oldest || entry->used < oldest->used)
            oldest = entry;
    }
    if (newest || i == DASD_VOLUME_CACHE)
        return newest ? newest : oldest;
    volume->entries[i] = g_new0(DasdVolumeEntry, 1);
    volume->entries[i]->track.slot = g_malloc(DASD_3390_TRACK_SIZE);
    volume->entries[i]->change.format = DASD_STORE_NO_FORMAT;
    return volume->entries[i];
}

/* Forgets all tracks that were read and not changed since. */
static void forget_tracks(DasdVolume *volume)
{
    memset(volume->layouts, 0, volume->tracks * sizeof(*volume->layouts));
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++)
        if (!dasd_change_any(&volume->entries[i]->change))
            volume->entries[i]->track.number = DASD_NO_TRACK;
}

guint64 dasd_volume_check_file(DasdVolume *volume)
{
    gboolean changed;
    guint64 size = dasd_file_check(&volume->file, &changed);

    if (changed) {
        volume->foreign = TRUE;
        forget_tracks(volume);
    }
    return size;
}

/* Returns the file that has the track now. */
static DasdFile *find_file(DasdVolume *volume, guint32 number)
{
    if (volume->snapshot && !dasd_snapshot_has(volume->snapshot, number))
        return &volume->snapshot->image;
    return &volume->file;
}

/* Another program has truncated the file: logs that, and forgets what was read of it. */
static void note_truncated(DasdVolume *volume, DasdFile *file)
{
    gboolean changed;

    if (file == &volume->file)
        dasd_volume_check_file(volume);
    else
        dasd_file_check(file, &changed);
}

gboolean dasd_volume_read_slot(DasdVolume *volume, guint8 *slot, guint32 number, guint32 from, guint32 to)
{
    DasdFile *file = find_file(volume, number);

    while (from < to) {
        ssize_t n = pread(file->fd, slot + from, to - from, (off_t)(dasd_track_file_offset(number) + from));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                note_truncated(volume, file);
            volume->error = EIO;
            return FALSE;
        }
        from += (guint32)n;
    }
    return TRUE;
}

static void set_missing(DasdVolumeEntry *entry, guint32 first, guint32 last, gboolean missing)
{
    for (guint32 i = first; i <= last; i++) {
        entry->missing += (guint)missing - (guint)entry->is_missing[i];
        entry->is_missing[i] = (guint8)missing;
    }
}

void dasd_volume_clear_change(DasdVolumeEntry *entry)
{
    const DasdTrack *track = &entry->track;

    entry->is_repaired = FALSE;
    entry->change = (DasdChange){ .format = DASD_STORE_NO_FORMAT,
                                  .file_end = track->n_records && !track->unwritten ? track->end : 0 };
}

/* Reads a track into a free entry, as far as necessary. */
static gboolean read_track(DasdVolume *volume, DasdVolumeEntry *entry, guint32 number)
{
    guint32 layout;

    /*
     * The check notices that another program has written into a hole, unless it did so within a tick
     * (dasd_file_check()).
     */
    if (volume->layouts[number] == DASD_LAYOUT_HOLE)
        dasd_volume_check_file(volume);
    layout = volume->layouts[number];
    entry->track.number = DASD_NO_TRACK;
    entry->missing = 0;
    memset(entry->is_missing, 0, sizeof(entry->is_missing));
    if (layout == DASD_LAYOUT_HOLE) {
        dasd_track_make_empty(&entry->track, number);
        entry->track.unwritten = TRUE;
    } else if (layout) {
        dasd_track_make_uniform(&entry->track, number, layout);
        set_missing(entry, 1, entry->track.n_records - 1, TRUE);
    } else {
        if (!dasd_volume_read_slot(volume, entry->track.slot, number, 0, DASD_3390_TRACK_SIZE))
            return FALSE;
        dasd_track_parse(&entry->track, number);
        volume->layouts[number] = dasd_track_layout(&entry->track);
    }
    dasd_volume_clear_change(entry);
    return TRUE;
}

DasdTrack *dasd_volume_find(DasdVolume *volume, guint32 number)
{
    DasdVolumeEntry *entry;

    if (number >= volume->tracks)
        return NULL;
    entry = find_entry(volume, number);
    if (!entry) {
        entry = take_entry(volume);
        if (dasd_change_any(&entry->change) && !dasd_volume_flush(volume))
            return NULL;
        if (!read_track(volume, entry, number))
            return NULL;
    }
    entry->used = ++volume->clock;
    return &entry->track;
}

gboolean dasd_volume_fetch(DasdVolume *volume, DasdTrack *track, guint32 first, guint32 last)
{
    DasdVolumeEntry *entry = (DasdVolumeEntry *)track;

    for (guint32 i = first; i <= last && entry->missing; i++) {
        guint32 end = i;

        if (!entry->is_missing[i])
            continue;
        while (end < last && entry->is_missing[end + 1])
            end++;
        if (!dasd_volume_read_slot(volume, track->slot, track->number, track->records[i].offset + DASD_COUNT_SIZE,
                                   track->records[end].offset + dasd_record_size(&track->records[end])))
            return FALSE;
        set_missing(entry, i, end, FALSE);
        i = end;
    }
    return TRUE;
}

void dasd_volume_replace(DasdTrack *track, guint32 first, guint32 last)
{
    if (((DasdVolumeEntry *)track)->missing && first <= last)
        set_missing((DasdVolumeEntry *)track, first, last, FALSE);
}

DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number)
{
    DasdTrack *track = dasd_volume_find(volume, number);

    if (track && track->n_records && !dasd_volume_fetch(volume, track, 0, track->n_records - 1))
        return NULL;
    return track;
}
