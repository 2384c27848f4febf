/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/error.h"

char *ccw_attr_read(const char *path, GError **error)
{
    g_autofree char *buffer = g_malloc(CCW_ATTR_MAX + 2);
    gsize used = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot open %s", path);
        return NULL;
    }
    while (used <= CCW_ATTR_MAX) {
        ssize_t n = read(fd, buffer + used, CCW_ATTR_MAX + 1 - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            ccw_error_set_errno(error, errno, "cannot read %s", path);
            close(fd);
            return NULL;
        }
        if (n == 0)
            break;
        used += (gsize)n;
    }
    close(fd);
    if (used > CCW_ATTR_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s is longer than %d bytes", path, CCW_ATTR_MAX);
        return NULL;
    }
    if (used > 0 && buffer[used - 1] == '\n')
        used--;
    buffer[used] = '\0';
    return g_steal_pointer(&buffer);
}

int ccw_attr_write(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;
    int saved;

    if (fd < 0)
        return errno;
    do
        n = write(fd, value, strlen(value));
    while (n < 0 && errno == EINTR);
    saved = n < 0 ? errno : 0;
    close(fd);
    return saved;
}

gboolean ccw_file_write_all(int fd, const void *data, gsize length)
{
    const char *rest = data;

    while (length > 0) {
        ssize_t n = write(fd, rest, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FALSE;
        rest += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/*
 * A file system without O_TMPFILE (NFS, FUSE, overlayfs before Linux 6.1) needs a name for a moment. If the process is
 * killed in that moment, it leaves an empty file.
 */
static int open_named(const char *folder)
{
    g_autofree char *name = g_build_filename(folder, "libvirt-ccw-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        unlink(name);
    return fd;
}

int ccw_file_open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* A kernel or file system that does not know O_TMPFILE sees an open of a folder for writing. */
    return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_named(folder) : fd;
}

const char *ccw_file_temporary_folder(void)
{
    const char *of_user = g_getenv("TMPDIR");

    return of_user && *of_user ? of_user : "/var/tmp";
}

/* Writes data to fd, the open temporary file, and renames that to path. Closes fd. */
static gboolean replace_from(int fd, const char *path, const char *temporary, const char *data, gsize length, int mode,
                             GError **error)
{
    /* fchmod() sets exactly this mode, whatever the umask is. */
    if (fchmod(fd, (mode_t)mode) < 0 || !ccw_file_write_all(fd, data, length) || fsync(fd) < 0) {
        ccw_error_set_errno(error, errno, "cannot write %s", temporary);
        close(fd);
        unlink(temporary);
        return FALSE;
    }
    close(fd);
    if (rename(temporary, path) < 0) {
        ccw_error_set_errno(error, errno, "cannot replace %s", path);
        unlink(temporary);
        return FALSE;
    }
    return TRUE;
}

gboolean ccw_file_replace_by(const char *path, const char *temporary, const char *data, gsize length, int mode,
                             GError **error)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot create %s", temporary);
        return FALSE;
    }
    return replace_from(fd, path, temporary, data, length, mode, error);
}

gboolean ccw_file_replace(const char *path, const char *data, gsize length, int mode, GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, mode);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot create a file beside %s", path);
        return FALSE;
    }
    return replace_from(fd, path, temporary, data, length, mode, error);
}

char *ccw_dev_format(dev_t number)
{
    return g_strdup_printf("%u:%u", major(number), minor(number));
}

char *ccw_block_dev_of(const char *path)
{
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/") || stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
        return NULL;
    return ccw_dev_format(st.st_rdev);
}
