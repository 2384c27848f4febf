/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The C library's own functions, for the names that the preloaded library defines. The preloaded library's own calls by
 * path use them directly (vfio-own.c).
 */
#pragma once

#include <glib.h>

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define VFIO_EXPORT __attribute__((visibility("default")))

/*
 * A 64-bit variant serves both names: the types of the plain name differ from its types only where a word has 32 bits.
 */
typedef struct {
    int (*openat)(int at, const char *path, int flags, ...);
    FILE *(*fopen)(const char *path, const char *mode);
    int (*access)(const char *path, int mode);
    int (*faccessat)(int at, const char *path, int mode, int flags);
    int (*fstatat)(int at, const char *path, struct stat64 *status, int flags);
    int (*fstat)(int fd, struct stat64 *status);
    int (*statx)(int at, const char *path, int flags, unsigned int mask, struct statx *status);
    ssize_t (*readlink)(const char *path, char *buffer, size_t size);
    ssize_t (*readlinkat)(int at, const char *path, char *buffer, size_t size);
    char *(*realpath)(const char *path, char *resolved);
    DIR *(*opendir)(const char *path);
    DIR *(*fdopendir)(int fd);
    struct dirent64 *(*readdir)(DIR *stream);
    int (*closedir)(DIR *stream);
    void (*rewinddir)(DIR *stream);
    long (*telldir)(DIR *stream);
    void (*seekdir)(DIR *stream, long position);
    int (*dirfd)(DIR *stream);
    int (*ioctl)(int fd, unsigned long request, ...);
    ssize_t (*pread)(int fd, void *buffer, size_t count, off64_t offset);
    ssize_t (*pwrite)(int fd, const void *buffer, size_t count, off64_t offset);
    int (*close)(int fd);
    int (*setrlimit)(__rlimit_resource_t resource, const struct rlimit64 *limits);
    int (*prlimit)(pid_t pid, int resource, const struct rlimit64 *limits, struct rlimit64 *old);
    int (*setgroups)(size_t size, const gid_t *list);
} VfioReal;

extern VfioReal vfio_real;

/**
 * vfio_real_resolve:
 *
 * Looks up all functions. The library does this early, because a child between fork and exec must not call dlsym().
 */
void vfio_real_resolve(void);

/* Another library's constructor may call a function before this library's constructor has run. */
#define VFIO_REAL(name) (G_LIKELY(vfio_real.name) ? vfio_real.name : (vfio_real_resolve(), vfio_real.name))
