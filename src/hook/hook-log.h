/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs what the hook has done with a guest's devices, at info level: a line for each device. */
#pragma once

#include "css/host.h"
#include "hostdev/reconcile.h"

/**
 * hook_log_start:
 * @uuid: of the domain; NULL if the domain's XML has no UUID
 * @ids: the managed devices of the domain, CcwBusId; NULL if its XML cannot be read
 * @error: why the domain may not start; NULL: the domain may start
 *
 * Logs that the hook has acquired the host's devices for a domain that starts, or has rejected the start.
 */
void hook_log_start(const char *guest, const char *uuid, const GArray *ids, const GError *error);

/* Returns: the devices, CcwBusId, that the journal has as this domain's; free with g_array_unref. */
GArray *hook_log_owned(CssHost *host, const char *uuid);

/* Logs a release of each of these devices that the journal does not have any more. */
void hook_log_released(CssHost *host, const GArray *ids, const char *guest, const char *uuid);

/* A report function of hostdev_reconcile(). data is not used. */
void hook_log_reconciled(const HostdevReconciled *reconciled, gpointer data);
