/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading a module into the running kernel. Which modules a host needs is in ccw-host.c. */
#pragma once

#include <glib.h>

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
