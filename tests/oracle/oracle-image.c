/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the image with the windows of the programs, and compares tracks. */
#include "oracle-image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "util/endian.h"
#include "util/error.h"

#define WINDOWS_IN_CYLINDER (DASD_3390_HEADS / WINDOW_TRACKS)
#define FILLED 1024 /* bytes of a slot that a track of a window takes at most */
#define RECORDS_MAX 5

/* The records of each track of a window: key length and data length. */
static const struct {
    guint8 n;
    struct {
        guint8 kl;
        guint8 dl;
    } records[RECORDS_MAX];
} profile[WINDOW_TRACKS] = {
    { 3, { { 0, WINDOW_LENGTH }, { 0, WINDOW_LENGTH }, { 0, WINDOW_LENGTH } } },
    { 0 },
    { 3, { { WINDOW_KEY, WINDOW_LENGTH }, { WINDOW_KEY, WINDOW_LENGTH }, { WINDOW_KEY, 0 } } },
    { 5,
      { { 0, WINDOW_LENGTH },
        { 0, WINDOW_LENGTH },
        { 0, WINDOW_LENGTH },
        { 0, WINDOW_LENGTH },
        { 0, WINDOW_LENGTH } } },
    { 2, { { 4, 16 }, { 0, 40 } } },
};

guint32 window_track(guint window)
{
    return DASD_3390_HEADS + window / WINDOWS_IN_CYLINDER * DASD_3390_HEADS +
           window % WINDOWS_IN_CYLINDER * WINDOW_TRACKS;
}

guint32 window_cylinders(guint windows)
{
    return 1 + (windows + WINDOWS_IN_CYLINDER - 1) / WINDOWS_IN_CYLINDER;
}

void window_key(guint8 key[WINDOW_KEY], guint8 record)
{
    memset(key, 0x40 + record, WINDOW_KEY);
}

static guint8 *put_count(guint8 *at, guint32 track, guint8 record, guint8 kl, guint16 dl)
{
    ccw_store_be16(at, (guint16)(track / DASD_3390_HEADS));
    ccw_store_be16(at + DASD_COUNT_OFS_HEAD, (guint16)(track % DASD_3390_HEADS));
    at[DASD_COUNT_OFS_RECORD] = record;
    at[DASD_COUNT_OFS_KL] = kl;
    ccw_store_be16(at + DASD_COUNT_OFS_DL, dl);
    return at + DASD_COUNT_SIZE;
}

static guint8 *put_head(guint8 *slot, guint32 track)
{
    memset(slot, 0, FILLED);
    put_count(slot + 1, track, 0, 0, 0);
    return put_count(slot + DASD_HA_SIZE, track, 0, 0, DASD_R0_DL) + DASD_R0_DL;
}

static void make_track(guint8 *slot, guint32 track, guint in_window)
{
    guint8 *at = put_head(slot, track);

    for (guint8 i = 0; i < profile[in_window].n; i++) {
        guint8 kl = profile[in_window].records[i].kl, dl = profile[in_window].records[i].dl, key[WINDOW_KEY];

        at = put_count(at, track, i + 1, kl, dl);
        window_key(key, i + 1);
        memcpy(at, key, kl);
        for (guint k = 0; k < dl; k++)
            at[kl + k] = (guint8)(0x80 + 16 * in_window + i + k);
        at += kl + dl;
    }
    memset(at, 0xff, DASD_END_SIZE);
}

/* Makes a track with two records, as the program that an IPL loads has them. */
static void make_ipl_track(guint8 *slot)
{
    guint8 *at = put_head(slot, 0);

    at = put_count(at, 0, 1, 0, 24);
    memset(at, 0x11, 24);
    at = put_count(at + 24, 0, 2, 0, 144);
    memset(at, 0x22, 144);
    memset(at + 144, 0xff, DASD_END_SIZE);
}

static gboolean put(int fd, const void *bytes, gsize size, off_t at, GError **error)
{
    if (pwrite(fd, bytes, size, at) == (ssize_t)size)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot write the image");
    return FALSE;
}

static gboolean put_track(int fd, guint32 track, guint in_window, GError **error)
{
    guint8 slot[FILLED];

    if (track == 0)
        make_ipl_track(slot);
    else
        make_track(slot, track, in_window);
    return put(fd, slot, sizeof(slot), (off_t)(DASD_CKD_HEADER_SIZE + (guint64)track * DASD_3390_TRACK_SIZE), error);
}

static gboolean put_all(int fd, guint windows, GError **error)
{
    guint32 tracks = window_cylinders(windows) * DASD_3390_HEADS;
    guint8 header[DASD_CKD_HEADER_SIZE] = DASD_CKD_MAGIC;

    ccw_store_le32(header + DASD_CKD_OFS_HEADS, DASD_3390_HEADS);
    ccw_store_le32(header + DASD_CKD_OFS_TRACK_SIZE, DASD_3390_TRACK_SIZE);
    header[DASD_CKD_OFS_TYPE] = (guint8)DASD_3390_TYPE;
    if (ftruncate(fd, (off_t)(DASD_CKD_HEADER_SIZE + (guint64)tracks * DASD_3390_TRACK_SIZE)) < 0) {
        ccw_error_set_errno(error, errno, "cannot make the image as large as its tracks");
        return FALSE;
    }
    for (guint32 track = 0; track < tracks; track++)
        if (!put_track(fd, track, track < DASD_3390_HEADS ? 1 : track % WINDOW_TRACKS, error))
            return FALSE;
    return put(fd, header, sizeof(header), 0, error);
}

gboolean window_image_make(const char *path, guint windows, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gboolean ok;

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot create %s", path);
        return FALSE;
    }
    ok = put_all(fd, windows, error);
    close(fd);
    return ok;
}

/* Returns the offset after the end marker, if it is within the first @size bytes of the slot; else @size. */
static gsize used(const guint8 *slot, gsize size)
{
    gsize at = DASD_HA_SIZE;

    while (at + DASD_COUNT_SIZE < size) {
        const guint8 *count = slot + at;

        at += DASD_COUNT_SIZE;
        if (ccw_load_be32(count) == 0xffffffff && ccw_load_be32(count + 4) == 0xffffffff)
            return at;
        at += (gsize)count[DASD_COUNT_OFS_KL] + ccw_load_be16(count + DASD_COUNT_OFS_DL);
    }
    return size;
}

gboolean window_track_ends(const guint8 *slot, gsize size)
{
    return used(slot, size) < size;
}

gboolean window_tracks_equal(const guint8 *a, const guint8 *b)
{
    return memcmp(a, b, used(a, DASD_3390_TRACK_SIZE)) == 0;
}
