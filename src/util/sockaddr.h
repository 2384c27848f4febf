/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of UNIX sockets, and connections to them. */
#pragma once

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CCW_SOCKADDR_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1) /* bytes */

/* Fills in the address of the socket at @path. Returns: FALSE with ENAMETOOLONG in errno if the path does not fit. */
static inline gboolean ccw_sockaddr_set(struct sockaddr_un *ret_address, const char *path)
{
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (g_strlcpy(ret_address->sun_path, path, sizeof(ret_address->sun_path)) <= CCW_SOCKADDR_PATH_MAX)
        return TRUE;
    errno = ENAMETOOLONG;
    return FALSE;
}

/**
 * ccw_sockaddr_connect:
 * @type: SOCK_STREAM or SOCK_SEQPACKET, and flags of socket(2)
 *
 * Returns: a socket that is connected to the one at @path, and close-on-exec; -1 with errno
 */
int ccw_sockaddr_connect(const char *path, int type);
