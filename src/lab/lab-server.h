/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that is the lab's channel subsystem: model, tree and file system, uevents, device nodes and the device
 * service. It is started inside the lab's namespaces.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-model.h"

/*
 * Serves for the life of the lab and never returns. A byte on ready_fd: /sys and /dev/vfio are mounted. An error before
 * that is one line on stderr. guest_gid: the group of the guests' QEMU.
 */
void lab_server_run(const GArray *devices, const char *const *mount_points, gid_t guest_gid,
                    int ready_fd) G_GNUC_NORETURN;
