/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Implements the C library's calls that open a path. The C library opens a path that has no node. This file opens the
 * nodes of /dev/vfio, with devices of the environment or of the lab.
 */
/* This file defines each name of the C library by itself, so its headers must not redirect one name to another. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "vfio/vfio-container.h"
#include "vfio/vfio-path.h"
#include "vfio/vfio-real.h"
#include "vfio/vfio-source.h"

#define VFIO_DIRECTORY "/dev/vfio/"
#define VFIO_NOIOMMU_PREFIX "noiommu-"

/* Fortified entry points. The C library has no declarations of them that could be used here. */
VFIO_EXPORT int __open_2(const char *path, int flags);
VFIO_EXPORT int __open64_2(const char *path, int flags);
VFIO_EXPORT int __openat_2(int at, const char *path, int flags);
VFIO_EXPORT int __openat64_2(int at, const char *path, int flags);

/* A file of /dev/vfio that this library implements. */
typedef struct {
    const char *name; /* name of the node, without "noiommu-" */
    gboolean is_container;
    gboolean noiommu;
    guint group;
} VfioPath;

static gboolean parse_vfio_path(const char *path, VfioPath *ret_path)
{
    guint64 group = 0;

    if (!path || !g_str_has_prefix(path, VFIO_DIRECTORY))
        return FALSE;
    ret_path->name = path + strlen(VFIO_DIRECTORY);
    ret_path->is_container = strcmp(ret_path->name, "vfio") == 0;
    ret_path->noiommu = g_str_has_prefix(ret_path->name, VFIO_NOIOMMU_PREFIX);
    if (ret_path->noiommu)
        ret_path->name += strlen(VFIO_NOIOMMU_PREFIX);
    if (!ret_path->is_container &&
        !g_ascii_string_to_unsigned(ret_path->name, 10, 0, VFIO_SOURCE_GROUP_MAX, &group, NULL))
        return FALSE;
    ret_path->group = (guint)group;
    return TRUE;
}

/* @node: the lab's own file; -1 without a lab. Returns the new descriptor or a negative errno. */
static int open_parsed(const VfioPath *path, int node)
{
    int fd = path->is_container ? vfio_container_open() : vfio_group_open(path->group, path->noiommu, node);

    /*
     * Other processes see in /proc/PID/fd who has the group. So the descriptor refers to the node, as it does with the
     * kernel's VFIO.
     */
    if (fd >= 0 && node >= 0)
        dup3(node, fd, O_CLOEXEC);
    return fd;
}

/*
 * Answers an open of /dev/vfio/vfio, /dev/vfio/N or /dev/vfio/noiommu-N. In a lab, this function opens the node first:
 * the lab decides who may open it, and whether the group is open already. Returns FALSE if this library does not answer
 * for the path.
 */
static gboolean open_vfio(const char *path, int *ret_result)
{
    VfioPath parsed;
    int node = -1;
    int result;

    if (!parse_vfio_path(path, &parsed) || !vfio_source_exists())
        return FALSE;
    if (vfio_source_is_lab()) {
        g_autofree char *node_path = g_strconcat(VFIO_DIRECTORY, parsed.name, NULL);

        node = VFIO_REAL(openat)(AT_FDCWD, node_path, O_RDWR | O_CLOEXEC);
        if (node < 0) {
            *ret_result = -1;
            return TRUE;
        }
    }
    result = open_parsed(&parsed, node);
    if (node >= 0)
        VFIO_REAL(close)(node);
    *ret_result = result < 0 ? vfio_path_fail(-result) : result;
    return TRUE;
}

static int open_contents(const VfioNode *node)
{
    int fd = memfd_create(node->name, MFD_CLOEXEC);
    size_t length = strlen(node->text);

    if (fd >= 0 && (write(fd, node->text, length) != (ssize_t)length || lseek64(fd, 0, SEEK_SET) != 0)) {
        VFIO_REAL(close)(fd);
        return vfio_path_fail(EIO);
    }
    return fd;
}

/* Opens any node of the tree except a device. */
static int open_node(const VfioNode *node, int flags)
{
    int fd;

    if (node->kind == VFIO_NODE_LINK)
        return vfio_path_fail(ELOOP);
    if (node->kind == VFIO_NODE_FILE && flags & O_DIRECTORY)
        return vfio_path_fail(ENOTDIR);
    if ((flags & O_ACCMODE) != O_RDONLY)
        return vfio_path_fail(node->kind == VFIO_NODE_FOLDER ? EISDIR : EACCES);
    if (node->kind == VFIO_NODE_FILE)
        return open_contents(node);
    fd = vfio_folder_open(node);
    return fd < 0 ? vfio_path_fail(-fd) : fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    const VfioNode *node;
    int errnum, result;

    path = vfio_path_maybe_null(path);
    if (G_LIKELY(!vfio_path_is_qemu()))
        return VFIO_REAL(openat)(at, path, flags, mode);
    node = vfio_path_find(at, path, !(flags & O_NOFOLLOW), &errnum);
    if (errnum)
        return vfio_path_fail(errnum);
    if (node && node->kind != VFIO_NODE_DEVICE)
        return open_node(node, flags);
    if (open_vfio(node ? node->path : path, &result))
        return result;
    return VFIO_REAL(openat)(at, path, flags, mode);
}

static mode_t read_mode(int flags, va_list args)
{
    return __OPEN_NEEDS_MODE(flags) ? va_arg(args, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                                              \
    VFIO_EXPORT int name(const char *path, int flags, ...)                                                             \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        mode_t mode;                                                                                                   \
                                                                                                                       \
        va_start(args, flags);                                                                                         \
        mode = read_mode(flags, args);                                                                                 \
        va_end(args);                                                                                                  \
        return open_any(AT_FDCWD, path, flags, mode);                                                                  \
    }
#define DEFINE_OPENAT(name)                                                                                            \
    VFIO_EXPORT int name(int at, const char *path, int flags, ...)                                                     \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        mode_t mode;                                                                                                   \
                                                                                                                       \
        va_start(args, flags);                                                                                         \
        mode = read_mode(flags, args);                                                                                 \
        va_end(args);                                                                                                  \
        return open_any(at, path, flags, mode);                                                                        \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* Fortified calls never create a file. */
VFIO_EXPORT int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

VFIO_EXPORT int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

VFIO_EXPORT int __openat_2(int at, const char *path, int flags)
{
    return open_any(at, path, flags, 0);
}

VFIO_EXPORT int __openat64_2(int at, const char *path, int flags)
{
    return open_any(at, path, flags, 0);
}

static FILE *fopen_any(const char *path, const char *mode)
{
    int errnum;
    const VfioNode *node = vfio_path_find(AT_FDCWD, path, TRUE, &errnum);
    FILE *file;
    int fd;

    if (errnum) {
        errno = errnum;
        return NULL;
    }
    if (!node || node->kind == VFIO_NODE_DEVICE)
        return VFIO_REAL(fopen)(path, mode);
    fd = open_node(node, mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR);
    file = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !file)
        VFIO_REAL(close)(fd);
    return file;
}

VFIO_EXPORT FILE *fopen(const char *path, const char *mode)
{
    return fopen_any(path, mode);
}

VFIO_EXPORT FILE *fopen64(const char *path, const char *mode)
{
    return fopen_any(path, mode);
}
