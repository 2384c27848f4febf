/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the process that has a device node open, in /proc/PID/fd. Only root sees the descriptors of all processes.
 *
 * This file compares the numbers of nodes, never paths: in its own mount namespace, a process may have any file under
 * any name. The scan is bounded (processes.h), so a scan that finds no process proves nothing, except in
 * css_fuser_decide().
 */
#pragma once

#include <sys/types.h>

#include "css/host.h"
#include "css/processes.h"

/* A device node, by its type and number. A lab's node is an ordinary file: by its file system and inode. */
typedef struct {
    mode_t type; /* S_IFBLK, S_IFCHR or S_IFREG; 0: matches no file */
    dev_t number;
    ino_t inode; /* for S_IFREG */
} CssNode;

/* Returns: the node with this number; dev is "94:1", or NULL for a node that matches no file. */
CssNode css_node_of_number(mode_t type, const char *dev);

/* Returns: the node at a path in this process's mount namespace. */
CssNode css_node_of_path(const char *path);

/**
 * css_fuser_find:
 * @nodes: array of CssNode
 * @ret_node: the index of the open node; written on success only
 * @ret_pid: the process that has it open, "812", for css_process_describe(); free with g_free; written on success only
 *
 * Finds the first process that has one of @nodes open, in one pass over the processes.
 *
 * Returns: FALSE if the scan finds no such process within its bounds
 */
gboolean css_fuser_find(CssHost *host, CssScanOf of, const GArray *nodes, guint *ret_node, char **ret_pid);

typedef enum {
    CSS_FUSER_NONE,
    CSS_FUSER_FOUND,
    CSS_FUSER_UNKNOWN, /* the scan exceeded its bounds, or could not read a process's descriptors */
} CssFuser;

/**
 * css_fuser_decide:
 * @accesses: array of CssAccess: who may open the nodes (css_scan_new_deciding())
 * @own: a descriptor of this process to ignore, or -1
 *
 * Finds such a process with a scan that is complete, unless it returns CSS_FUSER_UNKNOWN.
 */
CssFuser css_fuser_decide(CssHost *host, const GArray *nodes, const GArray *accesses, int own, guint *ret_node,
                          char **ret_pid);

/**
 * css_mdev_describe_user:
 * @uuid: a mediated device that a process has open, as the kernel says (vfio-group.h)
 *
 * Returns: a name for that process, "process 812 (qemu-system-s39)"; "a process" if the scan does not find it
 */
char *css_mdev_describe_user(CssHost *host, const char *uuid);
