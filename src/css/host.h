/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host: where its trees are, and what is known of the domains that run on it. Its devices are css/device.h's; what
 * changes them is in hostdev/ and node_device/.
 */
#pragma once

#include <glib.h>

#define CCW_HOST_SYSFS "/sys"
#define CCW_HOST_RUN_DIR "/run/libvirt-ccw"

typedef struct _CcwHost CcwHost;

/* sysfs_root and run_dir are injected everywhere; proc_root ("/proc") is where mounts and swaps are read. */
CcwHost *ccw_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir);
void ccw_host_free(CcwHost *host);

/* Where the device nodes are, if not in /dev. */
void ccw_host_set_dev_root(CcwHost *host, const char *dev_root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwHost, ccw_host_free)

/*
 * What is known of the domains that run without asking libvirt (hook/status.h). Each function is called with a
 * device's lock held, by any thread.
 */
typedef struct {
    /* What a domain is called: a new string, or NULL; refusals show its UUID then. */
    char *(*name)(const char *domain_uuid, gconstpointer data);
    /* The name of the domain that has a block device, by the device's number, "254:0": a new string, or NULL. */
    char *(*disk_user)(const char *dev, gconstpointer data);
    /* The process ids of their QEMUs: an array of guint64, which becomes the caller's. */
    GArray *(*pids)(gconstpointer data);
} CcwKnownDomains;
void ccw_host_know_domains(CcwHost *host, const CcwKnownDomains *domains, gconstpointer data);

/* Microseconds since boot, for as_of of hostdev/reconcile.h. */
gint64 ccw_host_clock(void);
