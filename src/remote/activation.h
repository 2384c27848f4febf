/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Start by systemd: inherits the sockets that systemd has opened for virtccwd, and tells systemd when virtccwd is
 * ready.
 */
#pragma once

#include <glib.h>

/* Names (FileDescriptorName=) of the two sockets in the systemd units. */
#define REMOTE_ACTIVATION_RW "rw"
#define REMOTE_ACTIVATION_RO "ro"

/**
 * remote_activation_take:
 * @ret_fds: the read-write socket, then the read-only one, which listen and do not block; -1 for a socket that systemd
 * did not hand over
 *
 * Inherits the sockets from systemd, and removes their variables from the environment.
 *
 * Returns: TRUE, also if systemd did not start this process; FALSE and CCW_ERROR_INVALID for a socket of another name
 * or kind, or an error of ccw_error_set_errno().
 */
gboolean remote_activation_take(int ret_fds[2], GError **error);

/**
 * remote_activation_notify:
 * @state: "READY=1" or "STOPPING=1"
 *
 * Tells systemd the state. Does nothing without systemd.
 */
void remote_activation_notify(const char *state);
