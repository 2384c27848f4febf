/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "dasd/dasd-snapshot.h"
#include "util/error.h"

#define FOLDER_DEFAULT "/var/tmp" /* /tmp is often in memory, and a run may write gigabytes */

/*
 * A file system without O_TMPFILE (NFS, FUSE, overlayfs before Linux 6.1) needs a name for a moment. If the process is
 * killed in that moment, it leaves an empty file.
 */
static int open_named(const char *folder)
{
    g_autofree char *name = g_build_filename(folder, "libvirt-ccw-snapshot-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        g_unlink(name);
    return fd;
}

static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* A kernel or file system that does not know O_TMPFILE sees an open of a folder for writing. */
    return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_named(folder) : fd;
}

int dasd_snapshot_create(const char *folder, guint32 cylinders, GError **error)
{
    const char *of_user = g_getenv("TMPDIR");
    int fd, errnum;

    if (!folder)
        folder = of_user && *of_user ? of_user : FOLDER_DEFAULT;
    fd = open_nameless(folder);
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
