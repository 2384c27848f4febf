/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's /dev/vfio: a FUSE file system with the container and a node for each VFIO group. src/vfio, and not this
 * file, answers QEMU's requests on an open node.
 *
 * Only one open of a node can exist, as in drivers/vfio/group.c: a second open(2) fails with EBUSY until the last
 * descriptor of the first is closed, also when its holder is killed. The nodes are regular files, because the kernel
 * does not ask FUSE about an open of a character device.
 */
#pragma once

#include "lab/lab-model.h"

typedef struct _LabNodes LabNodes;

/**
 * lab_nodes_mount: Mounts the file system and serves it from a thread, until the process ends.
 * @model: must live as long
 * @path: the mount point, "/dev/vfio"
 *
 * The caller needs CAP_SYS_ADMIN in its mount namespace, and /dev/fuse.
 *
 * Returns: the nodes, or NULL with CCW_ERROR_SYSTEM.
 */
LabNodes *lab_nodes_mount(LabModel *model, const char *path, GError **error);

/**
 * lab_nodes_set: Adds or removes the node of a group.
 * @group: N of /dev/vfio/N
 * @is_present: TRUE adds it with mode 0600, for root only; FALSE removes it, and an open of it goes on
 *
 * The caller may hold the model's lock.
 */
void lab_nodes_set(LabNodes *nodes, guint group, gboolean is_present);
