/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/activation.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "util/error.h"

static const char *const names[] = { REMOTE_ACTIVATION_RW, REMOTE_ACTIVATION_RO };

static gboolean take(int fd, const char *name, int ret_fds[2], GError **error)
{
    g_autoptr(GError) local = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(name, names[i]) != 0 || ret_fds[i] >= 0)
            continue;
        if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0)
            break;
        if (!g_unix_set_fd_nonblocking(fd, TRUE, &local)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "file descriptor %d from systemd: %s", fd, local->message);
            return FALSE;
        }
        ret_fds[i] = fd;
        return TRUE;
    }
    g_set_error(
        error, CCW_ERROR, CCW_ERROR_INVALID,
        "file descriptor %d, '%s', from systemd is not a listening UNIX socket named '%s' or '%s', one of each: "
        "give it FileDescriptorName=",
        fd, name, REMOTE_ACTIVATION_RW, REMOTE_ACTIVATION_RO);
    return FALSE;
}

gboolean remote_activation_take(int ret_fds[2], GError **error)
{
    char **given = NULL;
    int count = sd_listen_fds_with_names(1, &given);
    gboolean taken = TRUE;

    ret_fds[0] = ret_fds[1] = -1;
    if (count < 0) {
        ccw_error_set_errno(error, -count, "LISTEN_FDS, the sockets from systemd");
        return FALSE;
    }
    for (int i = 0; i < count; i++) {
        taken = taken && take(SD_LISTEN_FDS_START + i, given[i], ret_fds, error);
        free(given[i]);
    }
    free(given);
    return taken;
}

void remote_activation_notify(const char *state)
{
    int result = sd_notify(0, state);

    if (result < 0)
        g_warning("systemd cannot be told '%s': %s", state, g_strerror(-result));
}
