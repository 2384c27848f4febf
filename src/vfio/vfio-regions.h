/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The regions of a vfio-ccw device (linux/vfio_ccw.h). A write of QEMU becomes a function of the subchannel. A read
 * returns data of the subchannel. The host's byte order ends here: QEMU's ORB and SCSW have their 16- and 32-bit fields
 * in the host's byte order. QEMU's IRB and SCHIB are big-endian, as the channel has them.
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>
#include <linux/vfio_ccw.h>

#include "vfio/vfio-subchannel.h"

typedef struct {
    VfioSubchannel *subchannel;
    guint8 chpid;
    guint16 devno;
    GMutex lock; /* protects io and command, the regions as last written */
    struct ccw_io_region io;
    struct ccw_cmd_region command;
} VfioRegions;

extern const guint vfio_regions_count;

/**
 * vfio_regions_get_info:
 * @info: at least argsz bytes long
 *
 * Performs VFIO_DEVICE_GET_REGION_INFO.
 *
 * Returns: 0 or a negative errno
 */
int vfio_regions_get_info(struct vfio_region_info *info);

/**
 * vfio_regions_read:
 * @offset: in the device's descriptor
 *
 * Returns: the bytes read, or a negative errno
 */
gssize vfio_regions_read(VfioRegions *regions, void *buffer, gsize count, guint64 offset);
/**
 * vfio_regions_write:
 * @offset: in the device's descriptor
 *
 * Returns: the bytes written, or a negative errno
 */
gssize vfio_regions_write(VfioRegions *regions, const void *buffer, gsize count, guint64 offset);
