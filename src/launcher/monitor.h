/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QMP monitor in front of QEMU's, as a process of its own: clients of a unix socket speak with QEMU, and their
 * commands go through qemu/hotplug.h. One client at a time, as QEMU has it. File descriptors (getfd, add-fd) are not
 * carried: that is what QEMU's own -qmp is for.
 */
#pragma once

#include "qemu/hotplug.h"

typedef struct {
    int listen_fd; /* for QEMU: -chardev socket,fd=,server=on,wait=off */
    int alive_fd;  /* QEMU holds it as long as it lives; nothing is written to it */
} CcwMonitor;

/*
 * Makes the socket at path, with mode 0600, and starts the process. Both descriptors survive an execve; once nobody has
 * alive_fd any more, the process removes the socket and ends. Errors: CCW_ERROR_INVALID (a path that is too long),
 * CCW_ERROR_BUSY (it exists), CCW_ERROR_SYSTEM.
 */
gboolean ccw_monitor_start(const char *path, const CcwHotplug *hotplug, CcwMonitor *ret_monitor, GError **error);
