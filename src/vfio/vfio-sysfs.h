/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few files of sysfs that QEMU reads about a vfio-ccw device (hw/s390x/s390-ccw.c, hw/s390x/css.c, hw/vfio/ccw.c),
 * for devices from the environment, where no lab shows them. Subchannel numbers count as the groups do.
 */
#pragma once

#include <glib.h>

/* The target of a mdev's link in /sys/bus/mdev/devices; NULL: not ours. */
char *vfio_sysfs_real_path(const char *path);

/* The target of an mdev's iommu_group link; NULL: not ours. */
char *vfio_sysfs_link(const char *path);

/* What is in the file; NULL: not ours. */
char *vfio_sysfs_contents(const char *path);
