/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-lock.h"

#include <errno.h>
#include <fcntl.h>

#include "dasd/dasd-file.h"
#include "dasd/dasd-holder.h"
#include "util/error.h"

static gboolean set_lock(int fd, short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

gboolean dasd_lock_take(int fd, const char *name, GError **error)
{
    g_autofree char *known_name = NULL;
    g_autofree char *holder = NULL;
    int flags = fcntl(fd, F_GETFL), errnum;

    if (flags >= 0 && set_lock(fd, (flags & O_ACCMODE) == O_RDONLY ? F_RDLCK : F_WRLCK))
        return TRUE;
    errnum = errno;
    if (!name)
        name = known_name = dasd_file_path(fd);
    if (errnum == EAGAIN || errnum == EACCES) {
        holder = dasd_holder_describe(fd);
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s is in use by %s", name, holder);
    } else {
        ccw_error_set_errno(error, errnum, "cannot lock %s", name);
    }
    return FALSE;
}

void dasd_lock_drop(int fd)
{
    if (!set_lock(fd, F_UNLCK))
        g_warning("cannot unlock the image of descriptor %d: %s", fd, g_strerror(errno));
}
