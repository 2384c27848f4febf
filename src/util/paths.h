/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the project's own programs and data are: beside the running program in a build tree, else where they were
 * installed.
 */
#pragma once

#include <glib.h>

/*
 * The absolute path of one of our parts, by its file name: "virtccwd", "virt-ccw", "qemu-ccw",
 * "libvirt-ccw-vfio.so", "libvirt-ccw-domain.rng". Error: CCW_ERROR_NOT_FOUND, naming the places looked in.
 */
char *ccw_paths_find(const char *name, GError **error);
