/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few files of sysfs and /dev that QEMU looks at for a vfio-ccw device (hw/s390x/s390-ccw.c, hw/s390x/css.c,
 * hw/vfio), for devices from the environment, where no lab shows them. Subchannel numbers count as the groups do.
 */
#pragma once

#include "vfio/vfio-tree.h"

/* A tree with the files of all devices of the environment (vfio_source_count()). */
VfioNode *vfio_sysfs_new(void);
