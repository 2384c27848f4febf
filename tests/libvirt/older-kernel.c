/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded before libc into virtccwd: hides SO_PASSRIGHTS, as a kernel before Linux 6.16 does, so that descriptors of any
 * local user arrive. tests/libvirt/attacks.py runs those attacks with and without it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

#define PASSRIGHTS 83 /* SO_PASSRIGHTS of include/uapi/asm-generic/socket.h */

typedef int (*SetOption)(int fd, int level, int name, const void *value, socklen_t length);

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    SetOption next = (SetOption)dlsym(RTLD_NEXT, "setsockopt");

    if (level == SOL_SOCKET && name == PASSRIGHTS) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return next(fd, level, name, value, length);
}
