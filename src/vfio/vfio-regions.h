/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The regions of a vfio-ccw device (linux/vfio_ccw.h): what QEMU writes in them becomes a function of the subchannel,
 * what it reads is the subchannel's. This is where the host's byte order ends: QEMU's ORB and SCSW have each 16- and
 * 32-bit field in it, its IRB and SCHIB are the channel's, big-endian.
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
    GMutex lock; /* of the last I/O region written */
    struct ccw_io_region io;
    struct ccw_cmd_region command;
} VfioRegions;

extern const guint vfio_regions_count;

/* VFIO_DEVICE_GET_REGION_INFO; the argument has at least its argsz bytes. 0 or a negative errno. */
int vfio_regions_get_info(struct vfio_region_info *info);

/* At an offset of the device's descriptor. The bytes transferred or a negative errno. */
gssize vfio_regions_read(VfioRegions *regions, void *buffer, gsize count, guint64 offset);
gssize vfio_regions_write(VfioRegions *regions, const void *buffer, gsize count, guint64 offset);
