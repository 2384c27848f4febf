/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host: the roots of its file trees, and the domains that run on it. css/device.h reads its devices; hostdev/ and
 * node_device/ change them.
 */
#pragma once

#include <glib.h>

#define CSS_HOST_SYSFS "/sys"
#define CSS_HOST_RUN_DIR "/run/libvirt-ccw"

typedef struct _CssHost CssHost;

/**
 * css_host_new:
 * @sysfs_root: CSS_HOST_SYSFS
 * @proc_root: "/proc", from which mounts, swap space and processes are read
 * @run_dir: CSS_HOST_RUN_DIR
 *
 * Tests pass other folders.
 */
CssHost *css_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir);
void css_host_free(CssHost *host);

/* Sets the folder of the device nodes; the default is /dev. */
void css_host_set_dev_root(CssHost *host, const char *dev_root);

/* Sets the folder of udev's database; the default is /run/udev/data. */
void css_host_set_udev_dir(CssHost *host, const char *udev_dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CssHost, css_host_free)

/*
 * Looks up running domains without asking libvirt (hook/status.h). Any thread may call these functions, with a device's
 * lock held.
 */
typedef struct {
    /* Returns a domain's name as a new string; NULL: messages show the UUID. */
    char *(*name)(const char *domain_uuid, gconstpointer data);
    /* Returns the name of the domain that has the block device with this number ("254:0"), as a new string, or NULL. */
    char *(*disk_user)(const char *dev, gconstpointer data);
    /* Returns the process ids of their QEMUs, as a new array of guint64. */
    GArray *(*pids)(gconstpointer data);
} CssKnownDomains;

/* @domains, @data: must live as long as the host. Without them, messages show UUIDs. */
void css_host_know_domains(CssHost *host, const CssKnownDomains *domains, gconstpointer data);

/* Returns: microseconds since boot, for as_of of hostdev/reconcile.h. */
gint64 css_host_clock(void);
