/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of sysfs and /dev that QEMU reads for a vfio-ccw device (hw/s390x/s390-ccw.c, hw/s390x/css.c, hw/vfio).
 * They are for devices from the environment, where no lab shows such files. Subchannel numbers are the group numbers.
 */
#pragma once

#include "vfio/vfio-tree.h"

/**
 * vfio_sysfs_new:
 *
 * Returns: a tree with the files of all devices of the environment (vfio_source_count())
 */
VfioNode *vfio_sysfs_new(void);
