/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which process has a device node open, as /proc/PID/fd says, to name it in a message. A node is known by its number,
 * never by a path: a process may have any file under any name in a mount namespace of its own. The scan is bounded
 * (processes.h); only ccw_openers_ask() decides by its finding nothing. Only root sees every process's descriptors.
 */
#pragma once

#include <sys/types.h>

#include "css/host.h"
#include "css/processes.h"

/* A device node by its type and number; a node that is an ordinary file, as a lab's, by its file system and inode. */
typedef struct {
    mode_t type; /* S_IFBLK, S_IFCHR or S_IFREG; 0: no file is this one */
    dev_t number;
    ino_t inode; /* of an S_IFREG */
} CcwNode;

/* dev: "94:1", or NULL. */
CcwNode ccw_node_of_number(mode_t type, const char *dev);
/* Whatever is at path in this process's own mount namespace. */
CcwNode ccw_node_of_path(const char *path);

/**
 * ccw_openers_find:
 * @nodes: an array of CcwNode
 * @ret_node: the index of the one that is open; written only if there is one
 * @ret_user: who has it open, "process 812 (dd)"; written only if there is one
 *
 * Looks for the first process that has one of @nodes open, in one pass over the processes.
 *
 * Returns: FALSE if no process has, or if the scan found no such process within its bounds
 */
gboolean ccw_openers_find(CcwHost *host, CcwScanOf of, const GArray *nodes, guint *ret_node, char **ret_user);

typedef enum {
    CCW_OPENERS_NONE,
    CCW_OPENERS_FOUND,
    CCW_OPENERS_UNKNOWN, /* the bounds of the scan were too narrow, or it may not look at a process */
} CcwOpeners;

/**
 * ccw_openers_ask:
 * @accesses: who may open the nodes, an array of CcwAccess (ccw_scan_new_deciding)
 * @own: a descriptor of this process's own that does not count, or -1
 *
 * The same, where the answer decides.
 */
CcwOpeners ccw_openers_ask(CcwHost *host, const GArray *nodes, const GArray *accesses, int own, guint *ret_node,
                           char **ret_user);

/**
 * ccw_mdev_describe_user:
 * @uuid: of a mediated device that the kernel says a process has (vfio-group.h)
 *
 * Returns: which process that is, "process 812 (qemu-system-s39)"; "a process" if the scan does not find it
 */
char *ccw_mdev_describe_user(CcwHost *host, const char *uuid);
