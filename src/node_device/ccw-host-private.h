/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share. Only they include it, and its tests, which put a model of the kernel in the
 * place of the operations that change a host or ask the kernel, and bench/host.
 */
#pragma once

#include "node_device/ccw-host.h"

typedef struct {
    /* As ccw_attr_write: 0 or the errno. */
    int (*attr_write)(const char *path, const char *value, gpointer data);
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
    guint side_by_side; /* devices at once (ccw-side-by-side.h); 1: one after another */
    guint settle_ms;    /* how long the kernel may take for what it does behind a write (ccw-wait.h) */
    guint patience_ms;  /* how long a process that is ending may take to let go of a device */
    gint scanned;       /* atomic; what all scans so far have cost (ccw-processes.h), for tests */
};

/* --- ccw-sysfs.c: paths and small readings; everything read is bounded by CCW_ATTR_MAX --- */

/* "SYSFS/" and the rest. */
char *ccw_host_path(CcwHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The last component of a symbolic link's target ("driver -> .../io_subchannel"), or NULL if there is no link. */
char *ccw_sysfs_link_name(const char *dir, const char *link);

/* An attribute without surrounding blanks, or NULL if it cannot be read. */
char *ccw_sysfs_attr(const char *dir, const char *name);

gboolean ccw_sysfs_has(const char *dir, const char *name);

/* The names in a directory, sorted; empty if it is not there. */
GPtrArray *ccw_sysfs_names(const char *dir);

/* Those of them that are directories, and no links to one: what lies below a device, and not beside it. */
GPtrArray *ccw_sysfs_dirs(const char *dir);

/* --- ccw-subchannel.c --- */

/* The subchannel that has device id now. FALSE if none has. */
gboolean ccw_subchannel_of(CcwHost *host, const CcwBusId *id, CcwBusId *ret_subchannel);

/* The UUIDs of the mediated devices on a subchannel, NULL-terminated. */
char **ccw_subchannel_mdevs(CcwHost *host, const CcwBusId *subchannel);

/* The group device ("0.0.f5f0") that the device is a member of (qeth), or NULL. */
char *ccw_device_group(CcwHost *host, const CcwBusId *id);

/* --- ccw-token.c --- */

/* TRUE if the process that token names runs. */
gboolean ccw_token_is_live(CcwHost *host, const char *token);

/* The kernel's id of this boot, or NULL if it does not tell: what was noted in another says nothing any more. */
char *ccw_host_boot(CcwHost *host);
