/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLES_MAX 65536 /* holes that are noted; the device reads tracks in later holes when it uses them */

gboolean dasd_file_read_at(int fd, void *buffer, gsize length, off_t offset)
{
    for (gsize done = 0; done < length;) {
        ssize_t n = pread(fd, (guint8 *)buffer + done, length - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = 0;
            return FALSE;
        }
        done += (gsize)n;
    }
    return TRUE;
}

char *dasd_file_path(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    char *path = g_file_read_link(link, NULL);

    return path ? path : g_steal_pointer(&link);
}

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
    g_autofree char *path = NULL;

    if (file->is_logged)
        return;
    file->is_logged = TRUE;
    path = dasd_file_path(file->fd);
    g_warning("image %s %s while a guest uses it: the guest gets an equipment check for what is missing", path, what);
}

static gboolean is_same_time(struct timespec one, struct timespec other)
{
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

/* Returns the time of the kernel's last tick. A write that begins now gives the file this time or a later one. */
static struct timespec current_tick(void)
{
    struct timespec tick = { 0 };

    clock_gettime(CLOCK_REALTIME_COARSE, &tick);
    return tick;
}

static gboolean is_before(struct timespec one, struct timespec other)
{
    return one.tv_sec < other.tv_sec || (one.tv_sec == other.tv_sec && one.tv_nsec < other.tv_nsec);
}

static gboolean is_own_write(const DasdFile *file, struct timespec mtime)
{
    return file->has_written && !is_before(mtime, file->wrote_from) && !is_before(file->wrote_to, mtime);
}

/*
 * fstat(2) costs as much as a small read. With kernels from 6.13 on, the write after it also has to give the file a new
 * time. So the device asks no more often than the answer can change.
 */
static gboolean was_just_checked(const DasdFile *file)
{
    return file->follows_clock && is_same_time(file->asked_at, file->seen_at) &&
           lseek(file->fd, 0, SEEK_END) == (off_t)file->seen_size;
}

guint64 dasd_file_check(DasdFile *file, gboolean *ret_changed)
{
    struct stat st;

    *ret_changed = FALSE;
    file->asked_at = current_tick();
    if (was_just_checked(file))
        return file->seen_size;
    *ret_changed = TRUE;
    if (fstat(file->fd, &st) < 0) {
        report(file, "cannot be examined");
        return 0;
    }
    if (st.st_nlink == 0 && file->has_name) {
        report(file, "was deleted or replaced");
        return 0;
    }
    if ((guint64)st.st_size < file->size)
        report(file, "was truncated");
    *ret_changed = (guint64)st.st_size != file->seen_size ||
                   (!is_same_time(st.st_mtim, file->seen_mtime) && !is_own_write(file, st.st_mtim));
    /* A clock that was set, or a file system with another clock, looks like a foreign write, too. */
    if (*ret_changed)
        file->follows_clock = FALSE;
    file->has_written = FALSE;
    file->seen_at = file->asked_at;
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
        if (data < 0 && errno != ENXIO) /* ENXIO: no data follows the hole */
            return;
        at = data < 0 ? end : data;
        found(opaque, (guint64)hole, (guint64)at);
    }
}

/*
 * If a write gives the file the time of this kernel's clock, the clock says which times are the device's own. Otherwise
 * (a server's clock, whole seconds) the device asks for the time after each write, and checks whether the file follows
 * the clock now.
 */
void dasd_file_wrote(DasdFile *file)
{
    struct stat st;

    if (!file->has_written)
        file->wrote_from = file->asked_at;
    file->has_written = TRUE;
    clock_gettime(CLOCK_REALTIME, &file->wrote_to);
    if (file->follows_clock || fstat(file->fd, &st) < 0)
        return;
    file->follows_clock = is_own_write(file, st.st_mtim);
    file->has_written = FALSE;
    file->seen_mtime = st.st_mtim;
}
