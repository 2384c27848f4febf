/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLES_MAX 65536 /* of a file in more pieces, the rest is read when it is looked at */

void dasd_file_init(DasdFile *file, int fd, guint64 size, gboolean sync)
{
    struct stat st;

    *file = (DasdFile){ .fd = fd, .sync = sync, .size = size };
    if (fstat(fd, &st) < 0)
        return;
    file->has_name = st.st_nlink > 0;
    file->seen_size = (guint64)st.st_size;
    file->seen_mtime = st.st_mtim;
}

static void report(DasdFile *file, const char *what)
{
    g_autofree char *link = NULL;
    g_autofree char *path = NULL;

    if (file->is_logged)
        return;
    file->is_logged = TRUE;
    link = g_strdup_printf("/proc/self/fd/%d", file->fd);
    path = g_file_read_link(link, NULL);
    g_warning("image %s %s while a guest uses it: the guest gets an equipment check for what is missing",
              path ? path : link, what);
}

static gboolean is_same_time(struct timespec one, struct timespec other)
{
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

guint64 dasd_file_look(DasdFile *file, gboolean *ret_changed)
{
    struct stat st;

    *ret_changed = TRUE;
    if (fstat(file->fd, &st) < 0) {
        report(file, "cannot be looked at");
        return 0;
    }
    if (st.st_nlink == 0 && file->has_name) {
        report(file, "was deleted or replaced");
        return 0;
    }
    if ((guint64)st.st_size < file->size)
        report(file, "was truncated");
    *ret_changed = (guint64)st.st_size != file->seen_size || !is_same_time(st.st_mtim, file->seen_mtime);
    file->seen_size = (guint64)st.st_size;
    file->seen_mtime = st.st_mtim;
    return (guint64)st.st_size;
}

void dasd_file_find_holes(const DasdFile *file, DasdFileHoleFunc found, gpointer opaque)
{
    off_t end = (off_t)file->seen_size, at = 0;

    for (guint i = 0; i < HOLES_MAX && at < end; i++) {
        off_t hole = lseek(file->fd, at, SEEK_HOLE);
        off_t data;

        if (hole < 0 || hole >= end)
            return;
        data = lseek(file->fd, hole, SEEK_DATA);
        if (data < 0 && errno != ENXIO) /* ENXIO: there is no data behind the hole */
            return;
        at = data < 0 ? end : data;
        found(opaque, (guint64)hole, (guint64)at);
    }
}

void dasd_file_wrote(DasdFile *file)
{
    struct stat st;

    if (fstat(file->fd, &st) == 0)
        file->seen_mtime = st.st_mtim;
}
