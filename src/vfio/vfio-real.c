/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-real.h. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "vfio/vfio-real.h"

#include <dlfcn.h>
#include <string.h>

VfioReal vfio_real;

void vfio_real_resolve(void)
{
    static const struct {
        void *at;
        const char *name;
    } names[] = {
        { &vfio_real.openat, "openat64" },       { &vfio_real.fopen, "fopen64" },
        { &vfio_real.access, "access" },         { &vfio_real.faccessat, "faccessat" },
        { &vfio_real.fstatat, "fstatat64" },     { &vfio_real.fstat, "fstat64" },
        { &vfio_real.statx, "statx" },           { &vfio_real.readlink, "readlink" },
        { &vfio_real.readlinkat, "readlinkat" }, { &vfio_real.realpath, "realpath" },
        { &vfio_real.opendir, "opendir" },       { &vfio_real.fdopendir, "fdopendir" },
        { &vfio_real.readdir, "readdir64" },     { &vfio_real.closedir, "closedir" },
        { &vfio_real.rewinddir, "rewinddir" },   { &vfio_real.telldir, "telldir" },
        { &vfio_real.seekdir, "seekdir" },       { &vfio_real.dirfd, "dirfd" },
        { &vfio_real.ioctl, "ioctl" },           { &vfio_real.pread, "pread64" },
        { &vfio_real.pwrite, "pwrite64" },       { &vfio_real.close, "close" },
        { &vfio_real.setrlimit, "setrlimit64" }, { &vfio_real.prlimit, "prlimit64" },
        { &vfio_real.setgroups, "setgroups" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        void *symbol = dlsym(RTLD_NEXT, names[i].name);

        memcpy(names[i].at, &symbol, sizeof(symbol));
    }
}
