/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vfio-ccw device's descriptor: its ioctls, and the regions that QEMU reads and writes. Answers and errors as in
 * drivers/s390/cio/vfio_ccw_{ops,async,chp}.c of Linux.
 */
#pragma once

#include <glib.h>

#include "vfio/vfio-file.h"
#include "vfio/vfio-memory.h"
#include "vfio/vfio-source.h"

typedef struct _VfioDevice VfioDevice;

/* Calls destroy(device) while no other thread can reach the device by its owner. */
typedef void (*VfioDeviceEndFunc)(gpointer owner, void (*destroy)(VfioDevice *device));

/*
 * A device, opened; source and memory outlive it. end(owner) is called once its descriptor is closed. Error: the
 * image's.
 */
VfioDevice *vfio_device_new(const VfioSource *source, VfioMemory *memory, VfioDeviceEndFunc end, gpointer owner,
                            GError **error);
VfioFile *vfio_device_file(VfioDevice *device);

/* Storage is going away: waits until no request works on it. Called with the configuration locked. */
void vfio_device_quiesce(VfioDevice *device);
