/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices with managed='no': the start of a domain does not acquire them, so an administrator must detach them before.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

/**
 * hostdev_use_unmanaged:
 *
 * A domain is about to start with an unmanaged device. Checks that the device is detached, by this project or
 * otherwise, and that no other domain has it. A nodedev-reattach that has queried the domains before must query them
 * again.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, which says what to do
 */
gboolean hostdev_use_unmanaged(CssHost *host, const CcwBusId *id, GError **error);

/* Sets CCW_ERROR_BUSY, which says how to detach an unmanaged device. Returns FALSE. */
gboolean hostdev_unmanaged_set_error(CssHost *host, const CcwBusId *id, GError **error);
