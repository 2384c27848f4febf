/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a QMP monitor in front of QEMU's, as a process of its own: clients of a unix socket speak with QEMU, and
 * qemu/hotplug.h rewrites their commands. It serves one client at a time, as QEMU does, and passes no file descriptors
 * (getfd, add-fd); users of these need QEMU's own -qmp.
 */
#pragma once

#include "qemu/hotplug.h"

typedef struct {
    int listen_fd; /* for QEMU's -chardev socket,fd=,server=on,wait=off */
    int alive_fd;  /* a pipe to which nothing is written; QEMU keeps it open while it lives */
} LauncherMonitor;

/**
 * launcher_monitor_start: Makes a socket with mode 0600, and starts the process. The process removes the socket and
 * ends when all copies of @alive_fd are closed.
 * @path: the socket
 * @ret_monitor: the descriptors, which survive an execve(2); written on success only
 *
 * Returns: FALSE with CCW_ERROR_INVALID for a path that is too long, CCW_ERROR_BUSY for one that exists, or
 * CCW_ERROR_SYSTEM.
 */
gboolean launcher_monitor_start(const char *path, const QemuHotplug *hotplug, LauncherMonitor *ret_monitor,
                                GError **error);
