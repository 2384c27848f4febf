/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices with managed='no': the domain's start does not take them, they must have been detached before. */
#pragma once

#include "css/host.h"
#include "util/address.h"

/*
 * A domain is about to start with a device that is not managed: it must be there already, detached by hand or by
 * another means than ours, and not be another domain's. CCW_ERROR_BUSY says what is to be done. A nodedev-reattach that
 * looked at the domains before looks again.
 */
gboolean ccw_host_use_unmanaged(CcwHost *host, const CcwBusId *id, GError **error);

/* Says what is to be done about a device that is not managed and was not detached. Returns FALSE. */
gboolean ccw_host_refuse_unmanaged(CcwHost *host, const CcwBusId *id, GError **error);
