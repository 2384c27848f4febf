/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt-ccw-vfio.so answers the C library's calls that QEMU makes on VFIO, in QEMU's process. In a lab every program
 * has this library. In any other program, and on any other path or descriptor, a call goes to the C library. These
 * files only choose: this file for calls by descriptor; vfio-open.c, vfio-stat.c and vfio-folder.c for calls by path.
 *
 * libvirt in a lab without privilege is the exception: see the end of this file.
 */
/* This file defines each name of the C library by itself, so its headers must not redirect one name to another. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <glib.h>

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/emulator.h"
#include "util/lab-protocol.h"
#include "vfio/vfio-confine.h"
#include "vfio/vfio-file.h"
#include "vfio/vfio-log.h"
#include "vfio/vfio-path.h"
#include "vfio/vfio-real.h"
#include "vfio/vfio-source.h"
#include "vfio/vfio-sysfs.h"

/* The fortified entry points of the C library have no declarations that could be used here. */
VFIO_EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t length);
VFIO_EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t count, off64_t offset, size_t length);

static gboolean in_libvirt; /* this process is libvirt, or a child of libvirt before exec */

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

    vfio_real_resolve();
    in_libvirt = is_called(libvirt_names);
    if (ccw_emulator_is_s390x(program_invocation_short_name)) {
        if (devices)
            vfio_source_set_environment(devices);
        vfio_path_start(devices ? vfio_sysfs_new() : NULL);
    }
    /* A guest can have an emulator of any name, so the option decides, not the name. */
    if (is_sandboxed(argc, argv) && access(CCW_LAB_SOCKET, F_OK) == 0)
        vfio_confine();
}

/* --- calls by descriptor --- */

/* Converts the result of a file's operation to the result of a system call, with errno. */
static gssize answer(VfioFile *file, gssize result)
{
    vfio_file_unref(file);
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

VFIO_EXPORT int ioctl(int fd, unsigned long request, ...)
{
    VfioFile *file = vfio_file_get(fd);
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (G_LIKELY(!file))
        return VFIO_REAL(ioctl)(fd, request, arg);
    return (int)answer(file, file->ops->ioctl(file, request, arg));
}

static ssize_t pread_any(int fd, void *buffer, size_t count, off64_t offset)
{
    VfioFile *file = vfio_file_get(fd);

    if (G_LIKELY(!file))
        return VFIO_REAL(pread)(fd, buffer, count, offset);
    if (!file->ops->pread || offset < 0)
        return answer(file, -EINVAL);
    return answer(file, file->ops->pread(file, buffer, count, (guint64)offset));
}

VFIO_EXPORT ssize_t pread(int fd, void *buffer, size_t count, off_t offset)
{
    return pread_any(fd, buffer, count, offset);
}

VFIO_EXPORT ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset)
{
    return pread_any(fd, buffer, count, offset);
}

VFIO_EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t length)
{
    if (count > length)
        abort();
    return pread_any(fd, buffer, count, offset);
}

VFIO_EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t count, off64_t offset, size_t length)
{
    if (count > length)
        abort();
    return pread_any(fd, buffer, count, offset);
}

static ssize_t pwrite_any(int fd, const void *buffer, size_t count, off64_t offset)
{
    VfioFile *file = vfio_file_get(fd);

    if (G_LIKELY(!file))
        return VFIO_REAL(pwrite)(fd, buffer, count, offset);
    if (!file->ops->pwrite || offset < 0)
        return answer(file, -EINVAL);
    return answer(file, file->ops->pwrite(file, buffer, count, (guint64)offset));
}

VFIO_EXPORT ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
    return pwrite_any(fd, buffer, count, offset);
}

VFIO_EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
    return pwrite_any(fd, buffer, count, offset);
}

VFIO_EXPORT int close(int fd)
{
    VfioFile *file = vfio_file_remove(fd);
    int result = VFIO_REAL(close)(fd);
    int errnum = errno;

    /* When the last reference is dropped, the file ends a running request, and waits for it. */
    if (file)
        vfio_file_unref(file);
    errno = errnum;
    return result;
}

/* --- libvirt in a lab that has no privilege --- */

/*
 * libvirt locks the guest's memory, although the lab's vfio_ccw pins none of it, and drops groups that it never had. If
 * the kernel refuses these calls to libvirt in a lab, they return success. libvirt's children make them between fork
 * and exec. Other programs get the kernel's answer.
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

VFIO_EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    int result = VFIO_REAL(setrlimit)(resource, limits);

    return resource == RLIMIT_MEMLOCK ? tolerate_eperm(result) : result;
}

VFIO_EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limits,
                          struct rlimit64 *old)
{
    int result = VFIO_REAL(prlimit)(pid, (int)resource, limits, old);

    return limits && resource == RLIMIT_MEMLOCK ? tolerate_eperm(result) : result;
}

#if __WORDSIZE == 64
G_STATIC_ASSERT(sizeof(struct rlimit) == sizeof(struct rlimit64));

VFIO_EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    return setrlimit64(resource, (const struct rlimit64 *)limits);
}

VFIO_EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limits, struct rlimit *old)
{
    return prlimit64(pid, resource, (const struct rlimit64 *)limits, (struct rlimit64 *)old);
}
#endif

VFIO_EXPORT int setgroups(size_t size, const gid_t *list)
{
    return tolerate_eperm(VFIO_REAL(setgroups)(size, list));
}
