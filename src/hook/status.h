/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads from libvirt's status files which domains may run. The hook must not ask libvirt, and libvirt may not run.
 * libvirt writes DIR/NAME.xml before QEMU begins to run the guest, and removes it when the domain has ended. The root
 * element has QEMU's process id, and contains the domain (libvirt's src/conf/domain_conf.c, virDomainObjFormat).
 */
#pragma once

#include "css/host.h"

#define HOOK_STATUS_DIR "/run/libvirt/qemu"

/**
 * hook_status_running:
 * @proc_root: "/proc"
 *
 * Returns: domain UUID, lower case -> name, of the domains whose process exists or is unknown; empty if there is no
 * folder @dir. NULL with CCW_ERROR_SYSTEM if a file is malformed: the result would not be complete
 */
GHashTable *hook_status_running(const char *dir, const char *proc_root, GError **error);

/* The same for display: ignores files that cannot be read. */
GHashTable *hook_status_names(const char *dir, const char *proc_root);

/**
 * hook_status_uses:
 *
 * Finds the users of mediated devices and disks among the domains that run. Does not read files of more than 4 MiB.
 *
 * Returns: the name of the domain by the UUID of a mediated device, lower case; and by a disk, as "/dev/dasda1" if the
 * XML has that, and as the number of this node, "94:1"
 */
GHashTable *hook_status_uses(const char *dir, const char *proc_root);

/* These functions for css_host_know_domains(). Its data is the folder; NULL: HOOK_STATUS_DIR. */
extern const CssKnownDomains hook_status_domains;
