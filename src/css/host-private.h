/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in a CcwHost, for the folders that read and change a host (css, hostdev, node_device); for their tests, which
 * put a model of the kernel in the place of the operations that change a host or ask the kernel; and for bench/host.
 */
#pragma once

#include "css/host.h"

typedef struct {
    /* As ccw_attr_write: 0 or the errno. */
    int (*attr_write)(const char *path, const char *value, gpointer data);
    /* NULL: the running kernel's modules are loaded, by ccw_module_load(). */
    gboolean (*load_module)(const char *name, gpointer data, GError **error);
    /* open(2) of a device node, without waiting: a descriptor, or a negative errno. */
    int (*open_node)(const char *path, int flags, gpointer data);
} CcwHostOps;

struct _CcwHost {
    char *sysfs_root;
    char *proc_root;
    char *dev_root;    /* "/dev" */
    char *devices_dir; /* RUN_DIR/devices: journal and locks */
    const CcwHostOps *ops;
    gpointer ops_data;
    const CcwKnownDomains *domains; /* NULL: none are known */
    gconstpointer domains_data;
    guint parallel;    /* devices at once (util/thread.h); 1: one after another */
    guint settle_ms;   /* how long the kernel may take for what it does behind a write (wait.h) */
    guint patience_ms; /* how long a process that is ending may take to let go of a device */
    gint scanned;      /* atomic; what all scans so far have cost (processes.h), for tests */
};
