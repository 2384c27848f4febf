/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"

#define FIRST_FD 3
#define FDS_MAX 16

static const char *const names[] = { CCW_ACTIVATION_RW, CCW_ACTIVATION_RO };

static gboolean is_listening(int fd)
{
    int domain = 0, listening = 0;
    socklen_t length = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening;
}

static gboolean take(int fd, const char *name, int ret_fds[2], GError **error)
{
    g_autoptr(GError) local = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(name, names[i]) != 0 || ret_fds[i] >= 0)
            continue;
        if (!is_listening(fd))
            break;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || !g_unix_set_fd_nonblocking(fd, TRUE, &local)) {
            ccw_error_set_errno(error, errno, "file descriptor %d", fd);
            return FALSE;
        }
        ret_fds[i] = fd;
        return TRUE;
    }
    g_set_error(
        error, CCW_ERROR, CCW_ERROR_INVALID,
        "file descriptor %d, '%s', from systemd is not a listening UNIX socket named '%s' or '%s', one of each: "
        "give it FileDescriptorName=",
        fd, name ? name : "", CCW_ACTIVATION_RW, CCW_ACTIVATION_RO);
    return FALSE;
}

/* How many there are; 0 if they are meant for another process. */
static guint count_fds(void)
{
    const char *pid = g_getenv("LISTEN_PID");
    const char *fds = g_getenv("LISTEN_FDS");
    guint64 number;

    if (!pid || !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL) || (pid_t)number != getpid())
        return 0;
    return fds && g_ascii_string_to_unsigned(fds, 10, 0, FDS_MAX, &number, NULL) ? (guint)number : 0;
}

gboolean ccw_activation_take(int ret_fds[2], GError **error)
{
    g_auto(GStrv) given = g_strsplit(g_getenv("LISTEN_FDNAMES") ? g_getenv("LISTEN_FDNAMES") : "", ":", FDS_MAX + 1);
    guint count = count_fds();
    guint named = g_strv_length(given);

    ret_fds[0] = ret_fds[1] = -1;
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    for (guint i = 0; i < count; i++)
        if (!take(FIRST_FD + (int)i, i < named ? given[i] : NULL, ret_fds, error))
            return FALSE;
    return TRUE;
}

void ccw_activation_notify(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    gsize length = path ? strlen(path) : 0;
    int fd;

    if (!length || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                         (socklen_t)(G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + length)) < 0)
        g_warning("systemd cannot be told '%s': %s", state, g_strerror(errno));
    if (fd >= 0)
        close(fd);
}
