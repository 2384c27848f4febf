/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading and storing tracks.
 */
#include "dasd/dasd-volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dasd/dasd-store.h"

#define NO_TRACK G_MAXUINT32
#define LAYOUT_HOLE G_MAXUINT32 /* no track has so many records */

typedef struct {
    DasdTrack track; /* the first member: a track is its entry */
    DasdChange change;
    guint64 used;
    guint missing; /* records whose data is in the image only */
    guint8 is_missing[DASD_TRACK_RECORDS_MAX];
} Entry;

struct _DasdVolume {
    DasdFile file;
    guint32 tracks;
    gboolean changed; /* some entry */
    gboolean foreign; /* another program has written to the file since the last flush */
    int error;        /* errno of the last failure */
    guint32 failed;   /* the track that could not be written then, NO_TRACK if that is not known */
    guint64 clock;
    guint32 *layouts; /* of every track, by dasd_track_layout(), or LAYOUT_HOLE; 0: not known */
    gboolean lost;    /* data that was to be written together with other data could not be read */
    Entry *entries[DASD_VOLUME_CACHE];
};

/* The tracks that lie in the hole as a whole need not be read. */
static void note_hole(gpointer opaque, guint64 from, guint64 to)
{
    DasdVolume *volume = opaque;
    guint64 first = from <= DASD_CKD_HEADER_SIZE
                        ? 0
                        : (from - DASD_CKD_HEADER_SIZE + DASD_3390_TRACK_SIZE - 1) / DASD_3390_TRACK_SIZE;

    for (guint64 i = first; i < volume->tracks && dasd_track_file_offset((guint32)i + 1) <= to; i++)
        volume->layouts[i] = LAYOUT_HOLE;
}

DasdVolume *dasd_volume_new(int fd, guint32 cylinders, gboolean sync)
{
    DasdVolume *volume = g_new0(DasdVolume, 1);

    volume->tracks = cylinders * DASD_3390_HEADS;
    dasd_file_init(&volume->file, fd, dasd_track_file_offset(volume->tracks), sync);
    volume->layouts = g_new0(guint32, volume->tracks);
    dasd_file_find_holes(&volume->file, note_hole, volume);
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
    g_free(volume->layouts);
    g_free(volume);
}

guint32 dasd_volume_tracks(const DasdVolume *volume)
{
    return volume->tracks;
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
            volume->entries[i]->change.format = DASD_STORE_NO_FORMAT;
            return volume->entries[i];
        }
        if (volume->entries[i]->used < oldest->used)
            oldest = volume->entries[i];
    }
    return oldest;
}

/* Forgets everything that was read and not changed since. */
static void forget_tracks(DasdVolume *volume)
{
    memset(volume->layouts, 0, volume->tracks * sizeof(*volume->layouts));
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++)
        if (!dasd_change_any(&volume->entries[i]->change))
            volume->entries[i]->track.number = NO_TRACK;
}

/*
 * Returns the bytes of the image file that are still there. After another program's write, tracks are read anew. The
 * file tells of it once: the volume remembers it until the tracks that are changed are written.
 */
static guint64 look_at_file(DasdVolume *volume)
{
    gboolean changed;
    guint64 size = dasd_file_look(&volume->file, &changed);

    if (changed) {
        volume->foreign = TRUE;
        forget_tracks(volume);
    }
    return size;
}

/* Bytes from (inclusive) to (exclusive) of the track's slot. */
static gboolean read_slot(DasdVolume *volume, guint8 *slot, guint32 number, guint32 from, guint32 to)
{
    while (from < to) {
        ssize_t n = pread(volume->file.fd, slot + from, to - from, (off_t)(dasd_track_file_offset(number) + from));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                look_at_file(volume);
            volume->error = EIO;
            return FALSE;
        }
        from += (guint32)n;
    }
    return TRUE;
}

static void set_missing(Entry *entry, guint32 first, guint32 last, gboolean missing)
{
    for (guint32 i = first; i <= last; i++) {
        entry->missing += (guint)missing - (guint)entry->is_missing[i];
        entry->is_missing[i] = (guint8)missing;
    }
}

static void clear_change(Entry *entry)
{
    const DasdTrack *track = &entry->track;

    entry->change = (DasdChange){ .format = DASD_STORE_NO_FORMAT,
                                  .file_end = track->n_records && !track->unwritten ? track->end : 0 };
}

/* Into an entry that is free: as far as it has to be read. */
static gboolean read_track(DasdVolume *volume, Entry *entry, guint32 number)
{
    guint32 layout;

    /* What another program has put into a hole is seen, unless it did so while a program of the guest was written. */
    if (volume->layouts[number] == LAYOUT_HOLE)
        look_at_file(volume);
    layout = volume->layouts[number];
    entry->track.number = NO_TRACK;
    if (entry->missing)
        set_missing(entry, 0, DASD_TRACK_RECORDS_MAX - 1, FALSE);
    if (layout == LAYOUT_HOLE) {
        dasd_track_make_empty(&entry->track, number);
        entry->track.unwritten = TRUE;
    } else if (layout) {
        dasd_track_make_uniform(&entry->track, number, layout);
        set_missing(entry, 1, entry->track.n_records - 1, TRUE);
    } else {
        if (!read_slot(volume, entry->track.slot, number, 0, DASD_3390_TRACK_SIZE))
            return FALSE;
        dasd_track_parse(&entry->track, number);
        volume->layouts[number] = dasd_track_layout(&entry->track);
    }
    clear_change(entry);
    return TRUE;
}

DasdTrack *dasd_volume_find(DasdVolume *volume, guint32 number)
{
    Entry *entry;

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
    Entry *entry = (Entry *)track;

    for (guint32 i = first; i <= last && entry->missing; i++) {
        guint32 end = i;

        if (!entry->is_missing[i])
            continue;
        while (end < last && entry->is_missing[end + 1])
            end++;
        if (!read_slot(volume, track->slot, track->number, track->records[i].offset + DASD_COUNT_SIZE,
                       track->records[end].offset + dasd_record_size(&track->records[end])))
            return FALSE;
        set_missing(entry, i, end, FALSE);
        i = end;
    }
    return TRUE;
}

void dasd_volume_replace(DasdTrack *track, guint32 first, guint32 last)
{
    if (((Entry *)track)->missing && first <= last)
        set_missing((Entry *)track, first, last, FALSE);
}

DasdTrack *dasd_volume_load(DasdVolume *volume, guint32 number)
{
    DasdTrack *track = dasd_volume_find(volume, number);

    if (track && track->n_records && !dasd_volume_fetch(volume, track, 0, track->n_records - 1))
        return NULL;
    return track;
}

void dasd_volume_store(DasdVolume *volume, DasdTrack *track, guint32 from, guint32 to)
{
    DasdChange *change = &((Entry *)track)->change;
    gboolean none = change->from == change->to;

    volume->changed = TRUE;
    if (track->unwritten || (to > track->end && from < DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL))
        change->format = 0;
    else if (to > track->end)
        change->format = MIN(change->format, from);
    else {
        /* What is between two changes is written with them; between neighbours it is a count. */
        if (!none && (from > change->to + DASD_COUNT_SIZE || to + DASD_COUNT_SIZE < change->from) &&
            !dasd_volume_fetch(volume, track, 0, track->n_records - 1))
            volume->lost = TRUE;
        change->from = none ? from : MIN(change->from, from);
        change->to = none ? to : MAX(change->to, to);
    }
}

static gboolean run_step(DasdVolume *volume, DasdStoreStep step)
{
    gboolean written = FALSE;

    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        const Entry *entry = volume->entries[i];

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
    volume->failed = NO_TRACK;
    return FALSE;
}

gboolean dasd_volume_lacks_room(const DasdVolume *volume)
{
    return volume->error == ENOSPC || volume->error == EDQUOT || volume->error == EROFS;
}

/*
 * The track's place in the file is allocated, if it is not: the question that the write asked, quotas and all. Where a
 * file system cannot be asked so, the room of all of it is what there is to look at.
 */
gboolean dasd_volume_has_room(DasdVolume *volume)
{
    struct statvfs fs;

    if (volume->failed != NO_TRACK) {
        if (fallocate(volume->file.fd, FALLOC_FL_KEEP_SIZE, (off_t)dasd_track_file_offset(volume->failed),
                      DASD_3390_TRACK_SIZE) == 0)
            return TRUE;
        if (errno != EOPNOTSUPP && errno != ENOSYS)
            return FALSE;
    }
    return fstatvfs(volume->file.fd, &fs) == 0 && !(fs.f_flag & ST_RDONLY) &&
           (guint64)fs.f_bavail * fs.f_frsize >= DASD_3390_TRACK_SIZE;
}

/* The change is in the image, or it is not known what is. */
static void forget_change(DasdVolume *volume, Entry *entry, gboolean written)
{
    DasdTrack *track = &entry->track;
    gboolean formatted = entry->change.format != DASD_STORE_NO_FORMAT;

    if (written) {
        track->unwritten = FALSE;
        if (formatted)
            volume->layouts[track->number] = dasd_track_layout(track);
    } else {
        volume->layouts[track->number] = 0;
        track->number = NO_TRACK;
    }
    clear_change(entry);
}

/* Whether the file still has the records that a change keeps: it would write data into the midst of another track. */
static gboolean is_same_track(DasdVolume *volume, const Entry *entry)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *now = g_new0(DasdTrack, 1);
    const DasdTrack *track = &entry->track;

    if (entry->change.format == 0 && !track->unwritten)
        return TRUE;
    now->slot = slot;
    if (!read_slot(volume, slot, track->number, 0, DASD_3390_TRACK_SIZE))
        return FALSE;
    if (!dasd_track_parse(now, track->number))
        return track->unwritten; /* damaged: what repairs it replaces all of it */
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
 * FALSE if a changed track is no longer in the image file: pwrite(2) would extend the file and succeed; or if another
 * program has replaced the track. One fstat(2) before and one after the writes of a program is what this costs; what
 * happens between the look and the write is not noticed.
 */
static gboolean tracks_exist(DasdVolume *volume)
{
    guint64 size = look_at_file(volume);

    for (gsize i = 0; (volume->foreign || size < volume->file.size) && i < DASD_VOLUME_CACHE && volume->entries[i];
         i++) {
        const Entry *entry = volume->entries[i];

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

gboolean dasd_volume_flush(DasdVolume *volume)
{
    gboolean good;

    if (!volume->changed)
        return TRUE;
    good = !volume->lost && tracks_exist(volume);
    for (DasdStoreStep step = 0; good && step < DASD_STORE_STEPS; step++)
        good = run_step(volume, step);
    dasd_file_wrote(&volume->file);
    volume->changed = FALSE;
    volume->foreign = FALSE;
    volume->lost = FALSE;
    for (gsize i = 0; i < DASD_VOLUME_CACHE && volume->entries[i]; i++) {
        Entry *entry = volume->entries[i];

        if (!dasd_change_any(&entry->change))
            continue;
        forget_change(volume, entry, good);
    }
    return good;
}
