/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the kernel modules that a host needs. */
#pragma once

#include "css/host.h"

#define HOSTDEV_MODULES_UNIT "virt-ccw-modules.service"

/**
 * hostdev_module_load:
 * @name: the name of the module
 *
 * Loads a kernel module. A process that may load modules runs modprobe. A process that may not, such as virtccwd in its
 * sandbox (docs/security.md), makes systemd start HOSTDEV_MODULES_UNIT, which loads all modules that a host needs.
 *
 * Returns: FALSE with CCW_ERROR_UNSUPPORTED if the module cannot be loaded
 */
gboolean hostdev_module_load(const char *name, GError **error);

/* Loads vfio_ccw and a VFIO IOMMU backend if they are missing: libvirt needs both before it checks for the mdev. */
gboolean hostdev_load_modules(CssHost *host, GError **error);
