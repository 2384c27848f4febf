/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acquires devices of the host for a QEMU that libvirt does not run, as managed='yes' does, and releases them. The
 * journal has them as pending claims of the process. So other programs do not use the devices while the process lives,
 * and release them when it is killed. Each acquire and release is a line at info level.
 */
#pragma once

#include "util/address.h"

typedef struct _LauncherDevices LauncherDevices;

/**
 * launcher_devices_new: Makes an owner of devices for the calling process. A child of the process can acquire devices,
 * too.
 * @run_dir: the folder of the journal
 */
LauncherDevices *launcher_devices_new(const char *sysfs_root, const char *run_dir);

/* Frees the memory, and releases no device. */
void launcher_devices_free(LauncherDevices *devices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LauncherDevices, launcher_devices_free)

/**
 * launcher_devices_acquire: Acquires a device. Releases it before if a killed qemu-ccw has left it. If another program
 * has prepared the device, it only uses it, and does not release it later.
 *
 * Returns: FALSE with the errors of hostdev_claim(), prefixed with "hostid BUSID: ".
 */
gboolean launcher_devices_acquire(LauncherDevices *devices, const CcwBusId *id, GError **error);

/* Releases all acquired devices in their first state, the last first. Returns: FALSE with the first error. */
gboolean launcher_devices_release(LauncherDevices *devices, GError **error);
