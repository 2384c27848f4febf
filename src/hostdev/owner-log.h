/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs the releases of all devices that the journal had for an owner (hostdev_owner_kind()): a line for each device. */
#pragma once

#include "css/host.h"
#include "hostdev/reconcile.h"

/* Returns: the devices, CcwBusId, that the journal has as this owner's; free with g_array_unref. */
GArray *hostdev_log_owned(CssHost *host, const char *owner);

/* Logs a release, as hostdev_log_release() does, of each of these devices that the journal does not have any more. */
void hostdev_log_released(CssHost *host, const GArray *ids, const char *owner, const char *name);

/* A report function of hostdev_reconcile(), for callers that do not know the domain's name. data is not used. */
void hostdev_log_reconciled(const HostdevReconciled *reconciled, gpointer data);
