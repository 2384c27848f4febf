/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identifies a process that acquires a device, so that others can find out whether it still runs. */
#pragma once

#include <sys/types.h>

#include "css/host.h"

/**
 * hostdev_process_identify:
 *
 * The token is the process id and the start time (/proc/PID/stat, field 22) of the process for which a device is
 * acquired: libvirtd for the hook (its parent), or virtccwd itself. A pending claim is stale when this process has
 * ended. Unlike a process id, a token is not reused in the same boot.
 *
 * Returns: "PID:STARTTIME", to be freed with g_free, or NULL if there is no such process
 */
char *hostdev_process_identify(CssHost *host, pid_t pid);

/* Returns: when a process began, by css_host_clock(), up to a clock tick too late; now if that is unknown. */
gint64 hostdev_process_began(CssHost *host, pid_t pid);

/* Returns: TRUE if the process of this token (hostdev_process_identify()) runs. */
gboolean hostdev_process_is_live(CssHost *host, const char *token);

/* Returns: the kernel's id of this boot, to be freed with g_free, or NULL if it is unknown. */
char *hostdev_boot(CssHost *host);
