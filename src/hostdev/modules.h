/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel modules that a host needs. */
#pragma once

#include "css/host.h"

#define CCW_MODULES_UNIT "virt-ccw-modules.service"

/**
 * ccw_module_load: Loads a kernel module.
 * @name: the name of the module
 *
 * A process that may load modules runs modprobe. One that may not, as virtccwd in its sandbox (docs/security.md), has
 * systemd start CCW_MODULES_UNIT, which loads all modules that a host needs.
 *
 * Returns: FALSE with CCW_ERROR_UNSUPPORTED if the module cannot be loaded.
 */
gboolean ccw_module_load(const char *name, GError **error);

/* Loads vfio_ccw and a VFIO IOMMU backend where they are not there yet; libvirt refuses before it asks otherwise. */
gboolean ccw_host_load_modules(CcwHost *host, GError **error);
