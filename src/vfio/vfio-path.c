/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The C library's calls by path. What each says comes from the node of its path; a path without one is the C library's.
 * The nodes of /dev/vfio are opened here, too, from the environment or from the lab.
 */
/* The names are defined here as the C library has them, each for itself. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "vfio/vfio-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "vfio/vfio-container.h"
#include "vfio/vfio-real.h"
#include "vfio/vfio-source.h"

#define VFIO_DIRECTORY "/dev/vfio/"
#define VFIO_NOIOMMU_PREFIX "noiommu-"
#define FILE_SIZE 4096 /* what sysfs says of each of its files */
#define BLOCK_SIZE 4096

/* Entry points of the C library without declarations that could be used here: fortified ones, and those of before 2.33.
 */
VFIO_EXPORT int __open_2(const char *path, int flags);
VFIO_EXPORT int __open64_2(const char *path, int flags);
VFIO_EXPORT int __openat_2(int at, const char *path, int flags);
VFIO_EXPORT int __openat64_2(int at, const char *path, int flags);
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

static gboolean in_qemu;
static const VfioNode *root;

void vfio_path_start(const VfioNode *tree)
{
    in_qemu = TRUE;
    root = tree;
}

/* --- from a path to its node --- */

/*
 * A caller may ask the kernel about no path at all, as Rust's library does to see whether there is a statx(). The C
 * library declares that a path is never NULL, and the compiler drops each check of one that it has from a parameter.
 */
static const char *maybe_null(const char *path)
{
    __asm__("" : "+r"(path));
    return path;
}

gboolean vfio_path_is_real(const VfioNode *node)
{
    int errnum = errno;
    gboolean is_real = VFIO_REAL(access)(node->path, F_OK) == 0;

    errno = errnum;
    return is_real;
}

const VfioNode *vfio_path_find_any(int at, const char *path, gboolean follow, int *ret_errno)
{
    const VfioNode *from;

    *ret_errno = 0;
    path = maybe_null(path);
    if (G_LIKELY(!root) || !path || *path == '\0')
        return NULL;
    from = *path == '/' ? root : vfio_folder_of(at);
    return from ? vfio_tree_find(from, path, follow, ret_errno) : NULL;
}

const VfioNode *vfio_path_find(int at, const char *path, gboolean follow, int *ret_errno)
{
    const VfioNode *node = vfio_path_find_any(at, path, follow, ret_errno);

    return node && node->is_shared && vfio_path_is_real(node) ? NULL : node;
}

/* With the flags of the calls that end in "at". */
static const VfioNode *find_at(int at, const char *path, int flags, int *ret_errno)
{
    *ret_errno = 0;
    path = maybe_null(path);
    if (G_LIKELY(!root))
        return NULL;
    if (path && *path == '\0' && flags & AT_EMPTY_PATH)
        return vfio_folder_of(at);
    return vfio_path_find(at, path, !(flags & AT_SYMLINK_NOFOLLOW), ret_errno);
}

static int fail(int errnum)
{
    errno = errnum;
    return -1;
}

/* --- open --- */

/* A file of /dev/vfio that the library answers for. */
typedef struct {
    const char *name; /* of the node, without "noiommu-" */
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

/* The new descriptor or a negative errno. node: the lab's own file, -1 without a lab. */
static int open_parsed(const VfioPath *path, int node)
{
    int fd = path->is_container ? vfio_container_open() : vfio_group_open(path->group, path->noiommu, node);

    /* Others see in /proc/PID/fd who has the group: the number stands for the node, as it does with a kernel. */
    if (fd >= 0 && node >= 0)
        dup3(node, fd, O_CLOEXEC);
    return fd;
}

/*
 * Answers an open of /dev/vfio/vfio, /dev/vfio/N or /dev/vfio/noiommu-N. In a lab the node is opened first: the lab
 * decides who may, and whether the group is open already. FALSE: the path is not ours.
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
    *ret_result = result < 0 ? fail(-result) : result;
    return TRUE;
}

static int open_contents(const VfioNode *node)
{
    int fd = memfd_create(node->name, MFD_CLOEXEC);
    size_t length = strlen(node->text);

    if (fd >= 0 && (write(fd, node->text, length) != (ssize_t)length || lseek64(fd, 0, SEEK_SET) != 0)) {
        VFIO_REAL(close)(fd);
        return fail(EIO);
    }
    return fd;
}

/* Anything of the tree but a device. */
static int open_node(const VfioNode *node, int flags)
{
    int fd;

    if (node->kind == VFIO_NODE_LINK)
        return fail(ELOOP);
    if (node->kind == VFIO_NODE_FILE && flags & O_DIRECTORY)
        return fail(ENOTDIR);
    if ((flags & O_ACCMODE) != O_RDONLY)
        return fail(node->kind == VFIO_NODE_FOLDER ? EISDIR : EACCES);
    if (node->kind == VFIO_NODE_FILE)
        return open_contents(node);
    fd = vfio_folder_open(node);
    return fd < 0 ? fail(-fd) : fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    const VfioNode *node;
    int errnum, result;

    path = maybe_null(path);
    if (G_LIKELY(!in_qemu))
        return VFIO_REAL(openat)(at, path, flags, mode);
    node = vfio_path_find(at, path, !(flags & O_NOFOLLOW), &errnum);
    if (errnum)
        return fail(errnum);
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

/* --- stat and access --- */

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
    const VfioNode *node = find_at(at, path, flags, &errnum);

    if (errnum)
        return fail(errnum);
    return node ? tell_stat(node, status) : VFIO_REAL(fstatat)(at, path, status, flags);
}

static int fstat_any(int fd, struct stat64 *status)
{
    const VfioNode *node = vfio_folder_of(fd);

    return node ? tell_stat(node, status) : VFIO_REAL(fstat)(fd, status);
}

/* stat() and its like, for both widths of a file's size. */
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
    const VfioNode *node = find_at(at, path, flags, &errnum);

    if (errnum)
        return fail(errnum);
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

/* As of any user: even root gets an error from the kernel who writes to a file of sysfs that is for reading. */
static int judge_access(const VfioNode *node, int mode)
{
    mode_t others = modes[node->kind].permissions & (R_OK | W_OK | X_OK);

    return (mode & (int)others) == mode ? 0 : fail(EACCES);
}

VFIO_EXPORT int access(const char *path, int mode)
{
    int errnum;
    const VfioNode *node = vfio_path_find(AT_FDCWD, path, TRUE, &errnum);

    if (errnum)
        return fail(errnum);
    return node ? judge_access(node, mode) : VFIO_REAL(access)(path, mode);
}

VFIO_EXPORT int faccessat(int at, const char *path, int mode, int flags)
{
    int errnum;
    const VfioNode *node = find_at(at, path, flags, &errnum);

    if (errnum)
        return fail(errnum);
    return node ? judge_access(node, mode) : VFIO_REAL(faccessat)(at, path, mode, flags);
}

/* --- links --- */

static ssize_t tell_link(const VfioNode *node, char *buffer, size_t size)
{
    size_t length;

    if (node->kind != VFIO_NODE_LINK)
        return fail(EINVAL);
    length = MIN(strlen(node->text), size);
    memcpy(buffer, node->text, length);
    return (ssize_t)length;
}

static ssize_t readlink_any(int at, const char *path, char *buffer, size_t size)
{
    int errnum;
    const VfioNode *node = vfio_path_find(at, path, FALSE, &errnum);

    if (errnum)
        return fail(errnum);
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
