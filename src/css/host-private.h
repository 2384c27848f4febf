/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members of CssHost, for the folders that read and change a host (css, hostdev, node_device), for bench/host, and
 * for tests, which replace the operations with a model of the kernel.
 */
#pragma once

#include "css/host.h"

/* The operations that change a host or ask its kernel. */
typedef struct {
    /* As ccw_attr_write(): returns 0 or the errno. */
    int (*attr_write)(const char *path, const char *value, gpointer data);
    /* NULL: hostdev_module_load() loads a module of the running kernel. */
    gboolean (*load_module)(const char *name, gpointer data, GError **error);
    /* Opens a device node without waiting: returns a descriptor, or a negative errno. */
    int (*open_node)(const char *path, int flags, gpointer data);
} CssHostOps;

struct _CssHost {
    char *sysfs_root;
    char *proc_root;
    char *dev_root;    /* "/dev" */
    char *udev_dir;    /* "/run/udev/data" */
    char *devices_dir; /* RUN_DIR/devices: journal and locks */
    const CssHostOps *ops;
    gpointer ops_data;
    const CssKnownDomains *domains; /* NULL: no domains are known */
    gconstpointer domains_data;
    guint parallel;          /* devices to change at once (util/thread.h) */
    guint kernel_timeout_ms; /* how long the kernel may take for work after a write has returned (wait.h) */
    guint close_timeout_ms;  /* how long a process that is ending may take to close a device */
    gint scanned;            /* atomic; units that all scans so far have cost (processes.h), for tests */
};
