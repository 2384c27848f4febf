/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls by path that this library itself makes (src/vfio, src/dasd, src/trace, src/util). The linker redirects such a
 * call to the name in this file (--wrap in meson.build). The name calls the C library's function, not the one that
 * vfio-open.c, vfio-stat.c or vfio-folder.c defines. A new call needs its name here; the linker reports a missing one.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "vfio/vfio-real.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

int __wrap_open64(const char *path, int flags, ...);
int __wrap___open64_2(const char *path, int flags);
int __wrap_openat64(int at, const char *path, int flags, ...);
int __wrap___openat64_2(int at, const char *path, int flags);
int __wrap_access(const char *path, int mode);
int __wrap_stat64(const char *path, struct stat64 *status);
int __wrap_fstat64(int fd, struct stat64 *status);
ssize_t __wrap_readlinkat(int at, const char *path, char *buffer, size_t size);
ssize_t __wrap___readlinkat_chk(int at, const char *path, char *buffer, size_t size, size_t length);
DIR *__wrap_opendir(const char *path);
struct dirent64 *__wrap_readdir64(DIR *stream);
int __wrap_closedir(DIR *stream);

/* The C library reads the mode only if the flags ask for it. */
static mode_t read_mode(int flags, va_list args)
{
    return __OPEN_NEEDS_MODE(flags) ? va_arg(args, mode_t) : 0;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = read_mode(flags, args);
    va_end(args);
    return VFIO_REAL(openat)(AT_FDCWD, path, flags, mode);
}

int __wrap___open64_2(const char *path, int flags)
{
    return VFIO_REAL(openat)(AT_FDCWD, path, flags);
}

int __wrap_openat64(int at, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = read_mode(flags, args);
    va_end(args);
    return VFIO_REAL(openat)(at, path, flags, mode);
}

int __wrap___openat64_2(int at, const char *path, int flags)
{
    return VFIO_REAL(openat)(at, path, flags);
}

int __wrap_access(const char *path, int mode)
{
    return VFIO_REAL(access)(path, mode);
}

int __wrap_stat64(const char *path, struct stat64 *status)
{
    return VFIO_REAL(fstatat)(AT_FDCWD, path, status, 0);
}

int __wrap_fstat64(int fd, struct stat64 *status)
{
    return VFIO_REAL(fstat)(fd, status);
}

ssize_t __wrap_readlinkat(int at, const char *path, char *buffer, size_t size)
{
    return VFIO_REAL(readlinkat)(at, path, buffer, size);
}

ssize_t __wrap___readlinkat_chk(int at, const char *path, char *buffer, size_t size, size_t length)
{
    if (size > length)
        abort();
    return VFIO_REAL(readlinkat)(at, path, buffer, size);
}

DIR *__wrap_opendir(const char *path)
{
    return VFIO_REAL(opendir)(path);
}

struct dirent64 *__wrap_readdir64(DIR *stream)
{
    return VFIO_REAL(readdir)(stream);
}

int __wrap_closedir(DIR *stream)
{
    return VFIO_REAL(closedir)(stream);
}
