/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Implements the C library's calls that ask for the properties of a path: stat, access, readlink, realpath. The C
 * library answers for a path that has no node.
 */
/* This file defines each name of the C library by itself, so its headers must not redirect one name to another. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "vfio/vfio-path.h"
#include "vfio/vfio-real.h"

#define FILE_SIZE 4096 /* size that sysfs reports for each file */
#define BLOCK_SIZE 4096

/*
 * Fortified entry points, and those from before 2.33. The C library has no declarations of them that could be used
 * here.
 */
VFIO_EXPORT ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t length);
VFIO_EXPORT ssize_t __readlinkat_chk(int at, const char *path, char *buffer, size_t size, size_t length);
VFIO_EXPORT char *__realpath_chk(const char *path, char *resolved, size_t length);
VFIO_EXPORT int __xstat64(int version, const char *path, struct stat64 *status);
VFIO_EXPORT int __lxstat64(int version, const char *path, struct stat64 *status);
VFIO_EXPORT int __fxstat64(int version, int fd, struct stat64 *status);
VFIO_EXPORT int __fxstatat64(int version, int at, const char *path, struct stat64 *status, int flags);
VFIO_EXPORT int __xstat(int version, const char *path, struct stat *status);
VFIO_EXPORT int __lxstat(int version, const char *path, struct stat *status);
VFIO_EXPORT int __fxstat(int version, int fd, struct stat *status);
VFIO_EXPORT int __fxstatat(int version, int at, const char *path, struct stat *status, int flags);

static const struct {
    mode_t type;
    mode_t permissions;
} modes[] = {
    [VFIO_NODE_FOLDER] = { S_IFDIR, 0755 },
    [VFIO_NODE_LINK] = { S_IFLNK, 0777 },
    [VFIO_NODE_FILE] = { S_IFREG, 0444 },
    [VFIO_NODE_DEVICE] = { S_IFCHR, 0666 },
};

static guint64 size_of(const VfioNode *node)
{
    if (node->kind == VFIO_NODE_LINK)
        return strlen(node->text);
    return node->kind == VFIO_NODE_FILE ? FILE_SIZE : 0;
}

static int tell_stat(const VfioNode *node, struct stat64 *status)
{
    memset(status, 0, sizeof(*status));
    status->st_mode = modes[node->kind].type | modes[node->kind].permissions;
    status->st_ino = node->inode;
    status->st_nlink = 1;
    status->st_rdev = node->number;
    status->st_size = (off64_t)size_of(node);
    status->st_blksize = BLOCK_SIZE;
    return 0;
}

static int stat_any(int at, const char *path, struct stat64 *status, int flags)
{
    int errnum;
    const VfioNode *node = vfio_path_find_at(at, path, flags, &errnum);

    if (errnum)
        return vfio_path_fail(errnum);
    return node ? tell_stat(node, status) : VFIO_REAL(fstatat)(at, path, status, flags);
}

static int fstat_any(int fd, struct stat64 *status)
{
    const VfioNode *node = vfio_folder_of(fd);

    return node ? tell_stat(node, status) : VFIO_REAL(fstat)(fd, status);
}

/* Defines stat() and similar functions, for both widths of a file's size. */
#define DEFINE_STAT(width)                                                                                             \
    VFIO_EXPORT int stat##width(const char *path, struct stat##width *status)                                          \
    {                                                                                                                  \
        return stat_any(AT_FDCWD, path, (struct stat64 *)status, 0);                                                   \
    }                                                                                                                  \
    VFIO_EXPORT int lstat##width(const char *path, struct stat##width *status)                                         \
    {                                                                                                                  \
        return stat_any(AT_FDCWD, path, (struct stat64 *)status, AT_SYMLINK_NOFOLLOW);                                 \
    }                                                                                                                  \
    VFIO_EXPORT int fstat##width(int fd, struct stat##width *status)                                                   \
    {                                                                                                                  \
        return fstat_any(fd, (struct stat64 *)status);                                                                 \
    }                                                                                                                  \
    VFIO_EXPORT int fstatat##width(int at, const char *path, struct stat##width *status, int flags)                    \
    {                                                                                                                  \
        return stat_any(at, path, (struct stat64 *)status, flags);                                                     \
    }                                                                                                                  \
    VFIO_EXPORT int __xstat##width(int version G_GNUC_UNUSED, const char *path, struct stat##width *status)            \
    {                                                                                                                  \
        return stat_any(AT_FDCWD, path, (struct stat64 *)status, 0);                                                   \
    }                                                                                                                  \
    VFIO_EXPORT int __lxstat##width(int version G_GNUC_UNUSED, const char *path, struct stat##width *status)           \
    {                                                                                                                  \
        return stat_any(AT_FDCWD, path, (struct stat64 *)status, AT_SYMLINK_NOFOLLOW);                                 \
    }                                                                                                                  \
    VFIO_EXPORT int __fxstat##width(int version G_GNUC_UNUSED, int fd, struct stat##width *status)                     \
    {                                                                                                                  \
        return fstat_any(fd, (struct stat64 *)status);                                                                 \
    }                                                                                                                  \
    VFIO_EXPORT int __fxstatat##width(int version G_GNUC_UNUSED, int at, const char *path, struct stat##width *status, \
                                      int flags)                                                                       \
    {                                                                                                                  \
        return stat_any(at, path, (struct stat64 *)status, flags);                                                     \
    }

DEFINE_STAT(64)
#if __WORDSIZE == 64
G_STATIC_ASSERT(sizeof(struct stat) == sizeof(struct stat64));
DEFINE_STAT()
#endif

VFIO_EXPORT int statx(int at, const char *path, int flags, unsigned int mask, struct statx *status)
{
    int errnum;
    const VfioNode *node = vfio_path_find_at(at, path, flags, &errnum);

    if (errnum)
        return vfio_path_fail(errnum);
    if (!node)
        return VFIO_REAL(statx)(at, path, flags, mask, status);
    memset(status, 0, sizeof(*status));
    status->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID | STATX_INO | STATX_SIZE;
    status->stx_mode = (guint16)(modes[node->kind].type | modes[node->kind].permissions);
    status->stx_ino = node->inode;
    status->stx_nlink = 1;
    status->stx_rdev_major = major(node->number);
    status->stx_rdev_minor = minor(node->number);
    status->stx_size = size_of(node);
    status->stx_blksize = BLOCK_SIZE;
    return 0;
}

/* All users have the same access. Even root gets an error from the kernel for a write to a read-only file of sysfs. */
static int check_mode(const VfioNode *node, int mode)
{
    mode_t others = modes[node->kind].permissions & (R_OK | W_OK | X_OK);

    return (mode & (int)others) == mode ? 0 : vfio_path_fail(EACCES);
}

VFIO_EXPORT int access(const char *path, int mode)
{
    int errnum;
    const VfioNode *node = vfio_path_find(AT_FDCWD, path, TRUE, &errnum);

    if (errnum)
        return vfio_path_fail(errnum);
    return node ? check_mode(node, mode) : VFIO_REAL(access)(path, mode);
}

VFIO_EXPORT int faccessat(int at, const char *path, int mode, int flags)
{
    int errnum;
    const VfioNode *node = vfio_path_find_at(at, path, flags, &errnum);

    if (errnum)
        return vfio_path_fail(errnum);
    return node ? check_mode(node, mode) : VFIO_REAL(faccessat)(at, path, mode, flags);
}

static ssize_t tell_link(const VfioNode *node, char *buffer, size_t size)
{
    size_t length;

    if (node->kind != VFIO_NODE_LINK)
        return vfio_path_fail(EINVAL);
    length = MIN(strlen(node->text), size);
    memcpy(buffer, node->text, length);
    return (ssize_t)length;
}

static ssize_t readlink_any(int at, const char *path, char *buffer, size_t size)
{
    int errnum;
    const VfioNode *node = vfio_path_find(at, path, FALSE, &errnum);

    if (errnum)
        return vfio_path_fail(errnum);
    if (node)
        return tell_link(node, buffer, size);
    return at == AT_FDCWD ? VFIO_REAL(readlink)(path, buffer, size) : VFIO_REAL(readlinkat)(at, path, buffer, size);
}

VFIO_EXPORT ssize_t readlink(const char *path, char *buffer, size_t size)
{
    return readlink_any(AT_FDCWD, path, buffer, size);
}

VFIO_EXPORT ssize_t readlinkat(int at, const char *path, char *buffer, size_t size)
{
    return readlink_any(at, path, buffer, size);
}

VFIO_EXPORT ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t length)
{
    if (size > length)
        abort();
    return readlink_any(AT_FDCWD, path, buffer, size);
}

VFIO_EXPORT ssize_t __readlinkat_chk(int at, const char *path, char *buffer, size_t size, size_t length)
{
    if (size > length)
        abort();
    return readlink_any(at, path, buffer, size);
}

static char *realpath_any(const char *path, char *resolved)
{
    int errnum;
    const VfioNode *node = vfio_path_find(AT_FDCWD, path, TRUE, &errnum);

    if (errnum) {
        errno = errnum;
        return NULL;
    }
    if (!node)
        return VFIO_REAL(realpath)(path, resolved);
    if (!resolved)
        return strdup(node->path);
    g_strlcpy(resolved, node->path, PATH_MAX);
    return resolved;
}

VFIO_EXPORT char *realpath(const char *path, char *resolved)
{
    return realpath_any(path, resolved);
}

VFIO_EXPORT char *__realpath_chk(const char *path, char *resolved, size_t length)
{
    if (length < PATH_MAX)
        abort();
    return realpath_any(path, resolved);
}

VFIO_EXPORT char *canonicalize_file_name(const char *path)
{
    return realpath_any(path, NULL);
}
