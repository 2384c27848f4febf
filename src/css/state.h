/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a guest could use a device in its present state. The messages have the words of lscss, lszdev and the kernel:
 * boxed, no path, not operational, alias. in-use.h finds the present user of a device.
 */
#pragma once

#include "css/device.h"

/* Returns: FALSE with CCW_ERROR_BUSY (another system has it) or CCW_ERROR_UNSUPPORTED; the message says what to do. */
gboolean css_state_check(CssHost *host, const CssDevice *device, GError **error);
