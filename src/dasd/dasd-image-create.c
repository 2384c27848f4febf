/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Creates an image: a header, the first track or two, and a hole for the rest. A track in a hole reads as an empty
 * track (dasd_track_parse()), so a new volume takes almost no space on the host's disk.
 */
#include "dasd/dasd-image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-label.h"
#include "util/endian.h"
#include "util/error.h"

static gboolean find_cylinders(const char *model, guint32 cylinders, guint32 *ret_cylinders, GError **error)
{
    const DasdModel *row = model ? dasd_model_by_name(model) : NULL;

    if (row) {
        *ret_cylinders = row->cylinders;
        return TRUE;
    }
    if (model) {
        g_autofree char *names = dasd_model_names();

        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "there is no model '%s'; it is one of %s", model, names);
        return FALSE;
    }
    if (cylinders < 1 || cylinders > DASD_3390_CYLINDERS_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%u cylinders are out of range: a 3390 has 1 to %u", cylinders,
                    DASD_3390_CYLINDERS_MAX);
        return FALSE;
    }
    *ret_cylinders = cylinders;
    return TRUE;
}

static gboolean write_at(int fd, const void *buffer, gsize length, off_t offset)
{
    for (gsize done = 0; done < length;) {
        ssize_t n = pwrite(fd, (const guint8 *)buffer + done, length - done, offset + (off_t)done);

        if (n < 0 && errno != EINTR)
            return FALSE;
        if (n > 0)
            done += (gsize)n;
    }
    return TRUE;
}

static gboolean write_header(int fd)
{
    guint8 header[DASD_CKD_HEADER_SIZE] = { 0 };

    memcpy(header, DASD_CKD_MAGIC, DASD_CKD_MAGIC_SIZE);
    ccw_store_le32(header + DASD_CKD_OFS_HEADS, DASD_3390_HEADS);
    ccw_store_le32(header + DASD_CKD_OFS_TRACK_SIZE, DASD_3390_TRACK_SIZE);
    header[DASD_CKD_OFS_TYPE] = DASD_3390_TYPE & 0xff;
    return write_at(fd, header, sizeof(header), 0);
}

/*
 * Writes the tracks of the label. Without a label, writes track 0 as it leaves the factory. Hercules' tools do not know
 * holes, and look at these tracks first.
 */
static gboolean write_first_tracks(int fd, const char *volser, guint32 cylinders)
{
    guint32 tracks = volser ? DASD_LABEL_TRACKS : 1;

    g_autofree guint8 *slot = g_malloc0(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);

    track->slot = slot;
    for (guint32 i = 0; i < tracks; i++) {
        memset(slot, 0, DASD_3390_TRACK_SIZE);
        if (volser)
            dasd_label_make_track(track, i, volser, cylinders);
        else
            dasd_track_make_empty(track, i);
        if (!write_at(fd, slot, track->end + DASD_END_SIZE, DASD_CKD_HEADER_SIZE + (off_t)i * DASD_3390_TRACK_SIZE))
            return FALSE;
    }
    return TRUE;
}

/* Makes a new volume survive a power cut: syncs the file, and its name if the process may read the folder. */
static gboolean sync_new(int fd, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int folder_fd;

    if (fsync(fd) < 0)
        return FALSE;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd >= 0) {
        fsync(folder_fd);
        close(folder_fd);
    }
    return TRUE;
}

gboolean dasd_image_create(const char *path, const char *model, guint32 cylinders, const char *volser, GError **error)
{
    guint32 count;
    gboolean done;
    int fd;

    if (!find_cylinders(model, cylinders, &count, error) || (volser && !dasd_label_check_volser(volser, error)))
        return FALSE;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot create %s%s", path,
                            errno == EEXIST ? " (remove it first, or give another name)" : "");
        return FALSE;
    }
    done = ftruncate(fd, DASD_CKD_HEADER_SIZE + (off_t)count * DASD_3390_HEADS * DASD_3390_TRACK_SIZE) == 0 &&
           write_header(fd) && write_first_tracks(fd, volser, count) && sync_new(fd, path);
    if (!done) {
        ccw_error_set_errno(error, errno, "cannot create %s of %u cylinders", path, count);
        unlink(path);
    }
    close(fd);
    return done;
}
