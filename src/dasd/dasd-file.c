/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-file.h"

#include <sys/stat.h>

void dasd_file_init(DasdFile *file, int fd, guint64 size, gboolean sync)
{
    struct stat st;

    *file = (DasdFile){ .fd = fd, .sync = sync, .size = size };
    file->has_name = fstat(fd, &st) == 0 && st.st_nlink > 0;
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

guint64 dasd_file_look(DasdFile *file)
{
    struct stat st;

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
    return (guint64)st.st_size;
}
