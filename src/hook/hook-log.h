/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs what the hook has done for a guest that starts, at info level: a line for each device. */
#pragma once

#include <glib.h>

/**
 * hook_log_start:
 * @uuid: of the domain; NULL if the domain's XML has no UUID
 * @ids: the managed devices of the domain, CcwBusId; NULL if its XML cannot be read
 * @error: why the domain may not start; NULL: the domain may start
 *
 * Logs that the hook has acquired the host's devices for a domain that starts, or has rejected the start.
 */
void hook_log_start(const char *guest, const char *uuid, const GArray *ids, const GError *error);
