/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process has a device node open, as /proc/PID/fd says: of a disk and of what is built on it, and of the VFIO
 * group of a mediated device, which a guest has open for as long as it has the device. Only root sees everybody's.
 */
#pragma once

#include <sys/types.h>

#include "node_device/ccw-host.h"

typedef struct {
    mode_t type; /* S_IFBLK or S_IFCHR */
    char *name;  /* below /dev: "dasda1", "vfio/0" */
    char *dev;   /* "94:1", by which it is known in every mount namespace; NULL: by its name alone */
} CcwNode;
CcwNode *ccw_node_new(mode_t type, const char *name, const char *dev);
void ccw_node_free(CcwNode *node);

/*
 * Looks for the first process that has one of them open, in one pass over the processes: *ret_node is its index, and
 * *ret_user says who: "process 812 (dd)". Both are written only if there is one.
 */
gboolean ccw_openers_find(CcwHost *host, CcwNode *const *nodes, guint n_nodes, guint *ret_node, char **ret_user);

/* The numbers of all processes, as names in /proc. */
GPtrArray *ccw_processes(CcwHost *host);

/* "process 812 (dd)", and in which container it is where its control group says so: "..., docker container 1f3c9a" */
char *ccw_process_describe(CcwHost *host, const char *pid);

/*
 * Whether a process has the mediated device of that UUID, as QEMU does: pulling it away would take a running guest's
 * disk, whatever libvirt knows of that guest. FALSE too if there is no such mediated device. *ret_user as above.
 */
gboolean ccw_mdev_in_use(CcwHost *host, const char *uuid, char **ret_user);
