/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a device is in a state in which a guest could use it, in the words of lscss, lszdev and the kernel: boxed,
 * without a path, not operational, an alias; and why one may not be there at all. Who uses it is in-use.h's.
 */
#pragma once

#include "css/device.h"

/* Errors: CCW_ERROR_BUSY (another system has it), CCW_ERROR_UNSUPPORTED; the message says what to do. */
gboolean ccw_state_check(CcwHost *host, const CcwHostDevice *device, GError **error);
