/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd does for a daemon that it starts: sockets that it has opened (sd_listen_fds(3)), and somebody to tell
 * that it is ready (sd_notify(3)). Without libsystemd: both are a few lines.
 */
#pragma once

#include <glib.h>

/* By these names (FileDescriptorName=) the units hand them over. */
#define CCW_ACTIVATION_RW "rw"
#define CCW_ACTIVATION_RO "ro"

/*
 * *ret_fds: the read-write socket, then the read-only one; -1 for one that was not handed over. They listen and do not
 * block. TRUE without any if systemd has not started this process. The environment no longer says so afterwards.
 * Errors: CCW_ERROR_INVALID, a socket of another name or kind.
 */
gboolean ccw_activation_take(int ret_fds[2], GError **error);

/* state: "READY=1", "STOPPING=1". Does nothing without systemd. */
void ccw_activation_notify(const char *state);
