/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the host itself uses a device: its disk or a partition is mounted, swapped on, or held by another block
 * device (device mapper, md), or it is one of a group (qeth). The kernel guards a mounted DASD, but not a virtio disk,
 * and it guards nothing against unbind.
 */
#pragma once

#include "node_device/ccw-host.h"

/* Error: CCW_ERROR_BUSY, naming the part of the device and its user. */
gboolean ccw_in_use_check(CcwHost *host, const CcwHostDevice *device, GError **error);
