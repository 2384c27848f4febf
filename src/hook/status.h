/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domains may run, as libvirt's status files say, for those who cannot ask libvirt: its hook must not, and it may
 * not be there. libvirt writes DIR/NAME.xml before it lets QEMU begin, and removes it when the domain has ended; the
 * root element has QEMU's process id, and the domain is in it (libvirt's src/conf/domain_conf.c,
 * virDomainObjFormat).
 */
#pragma once

#include "css/host.h"

#define CCW_STATUS_DIR "/run/libvirt/qemu"

/*
 * Domain UUID, lower case -> name: those whose process is there, or is not told. Empty where there is no such folder.
 * NULL and CCW_ERROR_SYSTEM if a file is not understood: the set would not be complete. proc_root: "/proc".
 */
GHashTable *ccw_status_running(const char *dir, const char *proc_root, GError **error);

/* The same to show to people: what cannot be read lacks. */
GHashTable *ccw_status_names(const char *dir, const char *proc_root);

/*
 * Who has what, of those that run and as far as it can be read (not in a file of more than 4 MiB): the name of the
 * domain by the UUID of its mediated device, lower case, and by its disk, as "/dev/dasda1" where it says so, and as
 * that node's number, "94:1".
 */
GHashTable *ccw_status_uses(const char *dir, const char *proc_root);

/* The same for ccw_host_know_domains(); data: the folder, NULL: CCW_STATUS_DIR. */
extern const CcwKnownDomains ccw_status_domains;
