/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded before libc into virtccwd: the kernel knows no SO_PASSRIGHTS, as before Linux 6.16, so that descriptors that
 * any local user sends do arrive. tests/libvirt/attacks.py runs those attacks both ways.
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
