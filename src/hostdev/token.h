/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process takes a device, and whether it lives still.
 */
#pragma once

#include <sys/types.h>

#include "css/host.h"

/*
 * A claim names who is taking a device. The token names the process on whose behalf: "PID:STARTTIME"
 * (/proc/PID/stat field 22); a pending claim is stale when that process is no more. For the hook that is libvirtd (its
 * parent), for virtccwd itself. NULL if there is no such process.
 */
char *ccw_host_token(CcwHost *host, pid_t pid);

/* When a process began, by ccw_host_clock(), and up to a clock tick later; now, if that cannot be told. */
gint64 ccw_host_began(CcwHost *host, pid_t pid);

/* TRUE if the process that token names runs. */
gboolean ccw_token_is_live(CcwHost *host, const char *token);

/* The kernel's id of this boot, or NULL if it does not tell: what was noted in another says nothing any more. */
char *ccw_host_boot(CcwHost *host);
