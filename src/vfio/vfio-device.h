/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vfio-ccw device's descriptor: its ioctls, and the regions that QEMU reads and writes. Answers and errors as in
 * drivers/s390/cio/vfio_ccw_{ops,async,chp}.c of Linux.
 */
#pragma once

#include <glib.h>

#include "vfio/vfio-container.h"

/* The group's device, opened; takes over the caller's reference of the group, on success only. Error: the image's. */
VfioDevice *vfio_device_new(VfioGroup *group, GError **error);
VfioFile *vfio_device_file(VfioDevice *device);

/* Storage is going away: waits until no request works on it. Called with the configuration locked. */
void vfio_device_quiesce(VfioDevice *device);
