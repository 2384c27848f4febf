/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that is the lab's channel subsystem: model, tree and file system, uevents, device nodes and the device
 * service. It is started inside the lab's namespaces.
 */
#pragma once

#include "lab/lab-model.h"

/*
 * Serves for the life of the lab and never returns. A byte on ready_fd: /sys is mounted. An error before that is one
 * line on stderr.
 */
void lab_server_run(const GArray *devices, const char *const *mount_points, int ready_fd) G_GNUC_NORETURN;
