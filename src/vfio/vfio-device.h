/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptor of a vfio-ccw device: its ioctls, and the regions that QEMU reads and writes. Answers and errors are
 * those of drivers/s390/cio/vfio_ccw_{ops,async,chp}.c of Linux.
 */
#pragma once

#include <glib.h>

#include "vfio/vfio-file.h"
#include "vfio/vfio-memory.h"
#include "vfio/vfio-source.h"

typedef struct _VfioDevice VfioDevice;

/* Calls @destroy with the device while no other thread can reach the device through @owner. */
typedef void (*VfioDeviceEndFunc)(gpointer owner, void (*destroy)(VfioDevice *device));

/**
 * vfio_device_new:
 * @source: must outlive the device
 * @memory: must outlive the device
 * @end: called with @owner after the descriptor of the device is closed
 *
 * Returns: a new device, or NULL if the image cannot be opened as a DASD or the host lacks a resource
 */
VfioDevice *vfio_device_new(const VfioSource *source, VfioMemory *memory, VfioDeviceEndFunc end, gpointer owner,
                            GError **error);

/* Returns: the file of the device, whose first reference belongs to the caller of vfio_device_new(). */
VfioFile *vfio_device_file(VfioDevice *device);

/**
 * vfio_device_quiesce:
 *
 * Waits until no request works on storage that is going away. The caller has locked the configuration.
 */
void vfio_device_quiesce(VfioDevice *device);
