/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/sockaddr.h"

#include <unistd.h>

int ccw_sockaddr_connect(const char *path, int type)
{
    struct sockaddr_un address;
    int fd, error;

    if (!ccw_sockaddr_set(&address, path))
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}
