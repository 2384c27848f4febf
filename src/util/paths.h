/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the project's own programs and data: in a build tree, relative to the running program; else where they were
 * installed.
 */
#pragma once

#include <glib.h>

/**
 * ccw_paths_find:
 * @name: a file name: "virtccwd", "virt-ccw", "qemu-ccw", "libvirt-ccw-vfio.so", "libvirt-ccw-domain.rng"
 *
 * Returns: the absolute path of this file, to be freed with g_free, or NULL with CCW_ERROR_NOT_FOUND, which names the
 * searched folders
 */
char *ccw_paths_find(const char *name, GError **error);
