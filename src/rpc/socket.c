/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"
#include "util/sockaddr.h"

static gboolean make_address(const char *path, struct sockaddr_un *ret_address, GError **error)
{
    if (ccw_sockaddr_set(ret_address, path))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is too long for a socket's path, which has at most %zu bytes",
                path, CCW_SOCKADDR_PATH_MAX);
    return FALSE;
}

int rpc_socket_connect(const char *path, const char *peer, GError **error)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(path, &address, error))
        return -1;
    fd = ccw_sockaddr_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
    if (fd >= 0)
        return fd;
    if (errno == EAGAIN)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "too many clients wait for %s at %s", peer, path);
    else
        ccw_error_set_errno(error, errno, "cannot connect to %s at %s", peer, path);
    return -1;
}

static gboolean remove_old_socket(const char *path, GError **error)
{
    struct stat st;
    int fd;

    if (lstat(path, &st) < 0)
        return TRUE;
    if (!S_ISSOCK(st.st_mode)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s exists and is not a socket: remove it", path);
        return FALSE;
    }
    fd = rpc_socket_connect(path, "its owner", NULL);
    if (fd >= 0) {
        close(fd);
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_BUSY,
            "another process listens on %s already: stop it, or move its sockets (unix_sock_dir in libvirtd.conf)",
            path);
        return FALSE;
    }
    unlink(path);
    return TRUE;
}

/* Sets the owner and mode before it listens, so that no client connects too early. */
static gboolean open_up(int fd, const char *path, const RpcSocketAccess *access)
{
    return (access->group == (gid_t)-1 || chown(path, (uid_t)-1, access->group) == 0) &&
           chmod(path, (mode_t)access->perms) == 0 && listen(fd, (int)access->queue) == 0;
}

int rpc_socket_listen(const char *path, const RpcSocketAccess *access, GError **error)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(path, &address, error) || !remove_old_socket(path, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        if (open_up(fd, path, access))
            return fd;
        ccw_error_set_errno(error, errno, "cannot listen on %s", path);
        unlink(path);
    } else {
        ccw_error_set_errno(error, errno, "cannot listen on %s", path);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}
