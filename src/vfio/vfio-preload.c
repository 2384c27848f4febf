/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt-ccw-vfio.so: the C library's calls that QEMU uses on VFIO, answered in its process. In any other program, on
 * any other path or descriptor, they are the C library's own: in a lab every program has this library. Nothing but the
 * choice is here; nothing is opened or allocated before QEMU opens a path of /dev/vfio.
 *
 * libvirt in a lab without privilege is the exception: see the end of this file.
 */
/* The names are defined here as the C library has them, each for itself. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <glib.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/ccw-lab-protocol.h"
#include "vfio/vfio-confine.h"
#include "vfio/vfio-container.h"
#include "vfio/vfio-file.h"
#include "vfio/vfio-log.h"
#include "vfio/vfio-source.h"
#include "vfio/vfio-sysfs.h"

#define EXPORT __attribute__((visibility("default")))
#define VFIO_DIRECTORY "/dev/vfio/"
#define VFIO_NOIOMMU_PREFIX "noiommu-"

/* The fortified entry points of the C library have no declarations that could be used here. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);
EXPORT char *__realpath_chk(const char *path, char *resolved, size_t length);
EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t length);
EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t count, off64_t offset, size_t length);

static struct {
    int (*open)(const char *path, int flags, ...);
    FILE *(*fopen)(const char *path, const char *mode);
    ssize_t (*readlink)(const char *path, char *buffer, size_t size);
    char *(*realpath)(const char *path, char *resolved);
    int (*ioctl)(int fd, unsigned long request, ...);
    ssize_t (*pread)(int fd, void *buffer, size_t count, off64_t offset);
    ssize_t (*pwrite)(int fd, const void *buffer, size_t count, off64_t offset);
    int (*close)(int fd);
    int (*setrlimit)(__rlimit_resource_t resource, const struct rlimit64 *limits);
    int (*prlimit)(pid_t pid, int resource, const struct rlimit64 *limits, struct rlimit64 *old);
    int (*setgroups)(size_t size, const gid_t *list);
} real;

static gboolean in_qemu;
static gboolean in_libvirt; /* or in a child of its, before exec */

/* All of it at once and early: dlsym() is not for a child between fork and exec. */
static void resolve(void)
{
    static const struct {
        void *at;
        const char *name;
    } names[] = {
        { &real.open, "open64" },       { &real.fopen, "fopen64" },       { &real.readlink, "readlink" },
        { &real.realpath, "realpath" }, { &real.ioctl, "ioctl" },         { &real.pread, "pread64" },
        { &real.pwrite, "pwrite64" },   { &real.close, "close" },         { &real.setrlimit, "setrlimit64" },
        { &real.prlimit, "prlimit64" }, { &real.setgroups, "setgroups" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        void *symbol = dlsym(RTLD_NEXT, names[i].name);

        memcpy(names[i].at, &symbol, sizeof(symbol));
    }
}

/* Another library's constructor may call us before ours has run. */
#define REAL(name) (G_LIKELY(real.name) ? real.name : (resolve(), real.name))

static const char *const qemu_names[] = { "qemu-system-s390x", "qemu-kvm", NULL };
static const char *const libvirt_names[] = { "libvirtd", "virtqemud", NULL };

static gboolean is_called(const char *const *names)
{
    for (; *names; names++)
        if (strcmp(program_invocation_short_name, *names) == 0)
            return TRUE;
    return FALSE;
}

/* libvirt starts QEMU with this option. */
static gboolean is_sandboxed(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "-sandbox") == 0 && strstr(argv[i + 1], "elevateprivileges=deny"))
            return TRUE;
    return FALSE;
}

__attribute__((constructor)) static void initialize(int argc, char **argv)
{
    const char *devices = g_getenv(CCW_LAB_DEVICES_ENV);

    resolve();
    in_qemu = is_called(qemu_names);
    in_libvirt = is_called(libvirt_names);
    if (in_qemu && devices)
        vfio_source_set_environment(devices);
    /* Of whatever name: a guest can have any emulator. */
    if (is_sandboxed(argc, argv) && access(CCW_LAB_SOCKET, F_OK) == 0)
        vfio_confine();
}

/* --- files by path --- */

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

    if (!in_qemu || !parse_vfio_path(path, &parsed) || !vfio_source_exists())
        return FALSE;
    if (vfio_source_is_lab()) {
        g_autofree char *node_path = g_strconcat(VFIO_DIRECTORY, parsed.name, NULL);

        node = REAL(open)(node_path, O_RDWR | O_CLOEXEC);
        if (node < 0) {
            *ret_result = -1;
            return TRUE;
        }
    }
    result = open_parsed(&parsed, node);
    if (node >= 0)
        REAL(close)(node);
    if (result < 0)
        errno = -result;
    *ret_result = MAX(result, -1);
    return TRUE;
}

static int open_any(const char *path, int flags, mode_t mode)
{
    int result;

    return open_vfio(path, &result) ? result : REAL(open)(path, flags, mode);
}

#define DEFINE_OPEN(name)                                                                                              \
    EXPORT int name(const char *path, int flags, ...)                                                                  \
    {                                                                                                                  \
        mode_t mode = 0;                                                                                               \
        va_list args;                                                                                                  \
                                                                                                                       \
        if (__OPEN_NEEDS_MODE(flags)) {                                                                                \
            va_start(args, flags);                                                                                     \
            mode = va_arg(args, mode_t);                                                                               \
            va_end(args);                                                                                              \
        }                                                                                                              \
        return open_any(path, flags, mode);                                                                            \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

/* Fortified calls never create a file. */
EXPORT int __open_2(const char *path, int flags)
{
    return open_any(path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_any(path, flags, 0);
}

static FILE *fopen_any(const char *path, const char *mode)
{
    g_autofree char *contents = in_qemu ? vfio_sysfs_contents(path) : NULL;
    FILE *file;

    if (!contents)
        return REAL(fopen)(path, mode);
    file = fmemopen(NULL, strlen(contents) + 1, "w+");
    if (file) {
        fputs(contents, file);
        rewind(file);
    }
    return file;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    return fopen_any(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    return fopen_any(path, mode);
}

EXPORT ssize_t readlink(const char *path, char *buffer, size_t size)
{
    g_autofree char *target = in_qemu ? vfio_sysfs_link(path) : NULL;
    size_t length;

    if (!target)
        return REAL(readlink)(path, buffer, size);
    length = MIN(strlen(target), size);
    memcpy(buffer, target, length);
    return (ssize_t)length;
}

EXPORT char *realpath(const char *path, char *resolved)
{
    g_autofree char *target = in_qemu ? vfio_sysfs_real_path(path) : NULL;

    if (!target)
        return REAL(realpath)(path, resolved);
    if (!resolved)
        return strdup(target);
    g_strlcpy(resolved, target, PATH_MAX);
    return resolved;
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t length)
{
    if (length < PATH_MAX)
        abort();
    return realpath(path, resolved);
}

/* --- calls by descriptor --- */

/* Gives back what the caller of a system call expects. */
static gssize answer(VfioFile *file, gssize result)
{
    vfio_file_unref(file);
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    VfioFile *file = vfio_file_get(fd);
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (G_LIKELY(!file))
        return REAL(ioctl)(fd, request, arg);
    return (int)answer(file, file->ops->ioctl(file, request, arg));
}

static ssize_t pread_any(int fd, void *buffer, size_t count, off64_t offset)
{
    VfioFile *file = vfio_file_get(fd);

    if (G_LIKELY(!file))
        return REAL(pread)(fd, buffer, count, offset);
    if (!file->ops->pread || offset < 0)
        return answer(file, -EINVAL);
    return answer(file, file->ops->pread(file, buffer, count, (guint64)offset));
}

EXPORT ssize_t pread(int fd, void *buffer, size_t count, off_t offset)
{
    return pread_any(fd, buffer, count, offset);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset)
{
    return pread_any(fd, buffer, count, offset);
}

EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t length)
{
    if (count > length)
        abort();
    return pread_any(fd, buffer, count, offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t count, off64_t offset, size_t length)
{
    if (count > length)
        abort();
    return pread_any(fd, buffer, count, offset);
}

static ssize_t pwrite_any(int fd, const void *buffer, size_t count, off64_t offset)
{
    VfioFile *file = vfio_file_get(fd);

    if (G_LIKELY(!file))
        return REAL(pwrite)(fd, buffer, count, offset);
    if (!file->ops->pwrite || offset < 0)
        return answer(file, -EINVAL);
    return answer(file, file->ops->pwrite(file, buffer, count, (guint64)offset));
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
    return pwrite_any(fd, buffer, count, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
    return pwrite_any(fd, buffer, count, offset);
}

EXPORT int close(int fd)
{
    VfioFile *file = vfio_file_remove(fd);
    int result = REAL(close)(fd);
    int errnum = errno;

    /* The last reference ends what runs, and waits for it. */
    if (file)
        vfio_file_unref(file);
    errno = errnum;
    return result;
}

/* --- libvirt in a lab that has no privilege --- */

/*
 * It wants to lock the guest's memory, which no vfio_ccw of ours pins, and to drop groups it never had. Where the
 * kernel says no (and only there), and there is a lab, it is told yes. Children use this between fork and exec. Other
 * programs are told the truth.
 */
static int tolerate_eperm(int result)
{
    int errnum = errno;

    if (result == 0 || !in_libvirt || errnum != EPERM || access(CCW_LAB_SOCKET, F_OK) != 0) {
        errno = errnum;
        return result;
    }
    return 0;
}

EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    int result = REAL(setrlimit)(resource, limits);

    return resource == RLIMIT_MEMLOCK ? tolerate_eperm(result) : result;
}

EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limits, struct rlimit64 *old)
{
    int result = REAL(prlimit)(pid, (int)resource, limits, old);

    return limits && resource == RLIMIT_MEMLOCK ? tolerate_eperm(result) : result;
}

#if __WORDSIZE == 64
G_STATIC_ASSERT(sizeof(struct rlimit) == sizeof(struct rlimit64));

EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    return setrlimit64(resource, (const struct rlimit64 *)limits);
}

EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limits, struct rlimit *old)
{
    return prlimit64(pid, resource, (const struct rlimit64 *)limits, (struct rlimit64 *)old);
}
#endif

EXPORT int setgroups(size_t size, const gid_t *list)
{
    return tolerate_eperm(REAL(setgroups)(size, list));
}
