/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-snapshot.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-track.h"
#include "util/error.h"

guint64 dasd_snapshot_size(guint32 cylinders)
{
    guint32 tracks = cylinders * DASD_3390_HEADS;

    return dasd_track_file_offset(tracks) + tracks;
}

static gboolean read_map(DasdSnapshot *snapshot, GError **error)
{
    guint64 at = dasd_track_file_offset(snapshot->tracks);

    if (dasd_file_read_at(snapshot->fd, snapshot->map, snapshot->tracks, (off_t)at))
        return TRUE;
    ccw_error_set_errno(error, errno ? errno : EIO, "cannot read the snapshot's map of tracks");
    return FALSE;
}

static gboolean check_size(int fd, guint32 cylinders, GError **error)
{
    guint64 size = dasd_snapshot_size(cylinders);
    struct stat st;

    if (fstat(fd, &st) < 0) {
        ccw_error_set_errno(error, errno, "cannot get the status of the snapshot");
        return FALSE;
    }
    if (S_ISREG(st.st_mode) && (guint64)st.st_size == size)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_IMAGE,
                "the snapshot belongs to another image: it has %" G_GUINT64_FORMAT " bytes, that of %u cylinders has "
                "%" G_GUINT64_FORMAT,
                (guint64)st.st_size, cylinders, size);
    return FALSE;
}

DasdSnapshot *dasd_snapshot_new(int image_fd, int fd, guint32 cylinders, GError **error)
{
    DasdSnapshot *snapshot;

    if (!check_size(fd, cylinders, error))
        return NULL;
    snapshot = g_new0(DasdSnapshot, 1);
    snapshot->fd = fd;
    snapshot->tracks = cylinders * DASD_3390_HEADS;
    snapshot->map = g_malloc0(snapshot->tracks);
    if (!read_map(snapshot, error)) {
        g_free(snapshot->map);
        g_free(snapshot);
        return NULL;
    }
    dasd_file_init(&snapshot->image, image_fd, dasd_track_file_offset(snapshot->tracks), FALSE);
    return snapshot;
}

void dasd_snapshot_free(DasdSnapshot *snapshot)
{
    if (!snapshot)
        return;
    close(snapshot->image.fd);
    g_free(snapshot->map);
    g_free(snapshot);
}

gboolean dasd_snapshot_file_has(int fd, guint32 cylinders, guint32 track)
{
    guint64 map = dasd_track_file_offset(cylinders * DASD_3390_HEADS);
    guint8 present = 0;

    return check_size(fd, cylinders, NULL) && dasd_file_read_at(fd, &present, 1, (off_t)(map + track)) && present;
}

gboolean dasd_snapshot_mark(DasdSnapshot *snapshot, guint32 track)
{
    const guint8 present = 1;
    ssize_t n;

    do
        n = pwrite(snapshot->fd, &present, 1, (off_t)(dasd_track_file_offset(snapshot->tracks) + track));
    while (n < 0 && errno == EINTR);
    if (n != 1) {
        if (n == 0)
            errno = EIO;
        return FALSE;
    }
    snapshot->map[track] = present;
    return TRUE;
}

void dasd_snapshot_report_full(DasdSnapshot *snapshot, int errnum)
{
    g_autofree char *image = NULL;
    g_autofree char *name = NULL;
    g_autofree char *folder = NULL;

    if (snapshot->is_full)
        return;
    snapshot->is_full = TRUE;
    image = dasd_file_path(snapshot->image.fd);
    name = dasd_file_path(snapshot->fd);
    folder = g_path_get_dirname(name);
    g_warning("the snapshot of image %s has no room in %s (%s): the guest gets an equipment check for what it writes; "
              "free some space there, or give another folder with --snapshot-dir",
              image, folder, g_strerror(errnum));
}
