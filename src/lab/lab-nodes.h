/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's /dev/vfio: a FUSE file system with the container and a node for each VFIO group. A node can be open once,
 * as in drivers/vfio/group.c: the second open(2) is EBUSY until the last descriptor of the first is closed, however its
 * holder ends. What QEMU does with the open node is answered by src/vfio.
 *
 * The nodes are regular files: the kernel would not ask FUSE about an open of a character device.
 */
#pragma once

#include "lab/lab-model.h"

typedef struct _LabNodes LabNodes;

/**
 * lab_nodes_mount: Mounts the file system and serves it in a thread, until the process ends.
 * @model: must live as long
 * @path: the mount point, "/dev/vfio"
 *
 * Returns: the nodes, or NULL with an error. The caller needs CAP_SYS_ADMIN in its mount namespace, and /dev/fuse.
 */
LabNodes *lab_nodes_mount(LabModel *model, const char *path, GError **error);

/**
 * lab_nodes_set: Adds or removes the node of a group.
 * @group: N of /dev/vfio/N
 * @is_present: TRUE adds it, for root alone (mode 0600); FALSE removes it, and an open of it goes on
 *
 * The caller may hold the model's lock.
 */
void lab_nodes_set(LabNodes *nodes, guint group, gboolean is_present);
