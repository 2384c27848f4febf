/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that is the lab's channel subsystem: it holds the model, and serves the tree and its file system,
 * uevents, device nodes and the device service. Process 1 starts it inside the lab's namespaces.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-model.h"

/**
 * lab_server_run: Serves for the life of the lab; never returns.
 * @devices: LabDevice
 * @mount_points: folders in /sys for the real sysfs, as for lab_tree_new()
 * @guest_gid: the group of the guests' QEMU
 * @ready_fd: gets a byte when /sys and /dev/vfio are mounted. After an error before that, the process prints one line
 * on stderr and ends
 */
void lab_server_run(const GArray *devices, const char *const *mount_points, gid_t guest_gid,
                    int ready_fd) G_GNUC_NORETURN;
