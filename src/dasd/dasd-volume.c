/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading and storing tracks.
 */
#include "dasd/dasd-volume.h"

#include <errno.h>
#include <unistd.h>

#define NO_TRACK G_MAXUINT32

typedef struct {
    DasdTrack track;
    guint64 used;
} Entry;

struct _DasdVolume {
    int fd;
    guint32 tracks;
    guint64 clock;
    Entry *entries[DASD_VOLUME_CACHE];
};

DasdVolume *dasd_volume_new(int fd, guint32 cylinders)
{
    DasdVolume *volume = g_new0(DasdVolume, 1);

    volume->fd = fd;
    volume->tracks = cylinders * DASD_3390_HEADS;
    return volume;
}

void dasd_volume_free(DasdVolume *volume)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE; i++) {
        if (volume->entries[i])
            g_free(volume->entries[i]->track.slot);
        g_free(volume->entries[i]);
    }
    close(volume->fd);
    g_free(volume);
}

guint32 dasd_volume_tracks(const DasdVolume *volume)
{
    return volume->tracks;
}

static off_t slot_offset(guint32 number)
{
    return DASD_CKD_HEADER_SIZE + (off_t)number * DASD_3390_TRACK_SIZE;
}

static Entry *find_entry(DasdVolume *volume, guint32 number)
{
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++)
        if (volume->entries[i]->track.number == number)
            return volume->entries[i];
    return NULL;
}

/* An empty place, else the entry used longest ago. */
static Entry *take_entry(DasdVolume *volume)
{
    Entry *oldest = volume->entries[0];

    for (gsize i = 0; i < DASD_VOLUME_CACHE; i++) {
        if (!volume->entries[i]) {
            volume->entries[i] = g_new0(Entry, 1);
            volume->entries[i]->track.slot = g_malloc(DASD_3390_TRACK_SIZE);
            return volume->entries[i];
        }
        if (volume->entries[i]->used < oldest->used)
            oldest = volume->entries[i];
    }
    return oldest;
}

static gboolean read_slot(const DasdVolume *volume, guint8 *slot, guint32 number)
{
    for (gsize done = 0; done < DASD_3390_TRACK_SIZE;) {
        ssize_t n = pread(volume->fd, slot + done, DASD_3390_TRACK_SIZE - done, slot_offset(number) + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        done += (gsize)n;
    }
    return TRUE;
}

DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number)
{
    Entry *entry;

    if (number >= volume->tracks)
        return NULL;
    entry = find_entry(volume, number);
    if (!entry) {
        entry = take_entry(volume);
        entry->track.number = NO_TRACK;
        if (!read_slot(volume, entry->track.slot, number))
            return NULL;
        dasd_track_parse(&entry->track, number);
    }
    entry->used = ++volume->clock;
    return &entry->track;
}

gboolean dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to)
{
    if (track->unwritten) {
        from = 0;
        to = MAX(to, track->end + DASD_END_SIZE);
    }
    while (from < to) {
        ssize_t n = pwrite(volume->fd, track->slot + from, to - from, slot_offset(track->number) + from);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            track->number = NO_TRACK;
            return FALSE;
        }
        from += (guint32)n;
    }
    track->unwritten = FALSE;
    return TRUE;
}
