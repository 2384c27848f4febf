/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <unistd.h>

#include "dasd/dasd-snapshot.h"
#include "util/error.h"
#include "util/file.h"

int dasd_snapshot_create(const char *folder, guint32 cylinders, GError **error)
{
    int fd, errnum;

    if (!folder)
        folder = ccw_file_temporary_folder();
    fd = ccw_file_open_nameless(folder);
    if (fd >= 0 && ftruncate(fd, (off_t)dasd_snapshot_size(cylinders)) == 0)
        return fd;
    errnum = errno;
    if (fd >= 0)
        close(fd);
    ccw_error_set_errno(error, errnum,
                        "cannot make a snapshot of %u cylinders in %s (--snapshot-dir gives another "
                        "folder)",
                        cylinders, folder);
    return -1;
}
