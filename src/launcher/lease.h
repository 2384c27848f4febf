/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's devices that a QEMU has that libvirt does not run: taken for the time that a process lives, as libvirt's
 * managed='yes' would be. The journal has them as a pending claim of that process, so that others leave them alone
 * while it lives, and give them back when it was killed.
 */
#pragma once

#include "util/address.h"

typedef struct _CcwLease CcwLease;

/* For the calling process; a child of its may take devices, too. run_dir: of the journal. */
CcwLease *ccw_lease_new(const char *sysfs_root, const char *run_dir);
void ccw_lease_free(CcwLease *lease); /* gives nothing back */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwLease, ccw_lease_free)

/*
 * Takes one, or finds it prepared by another program, and leaves that. What a killed process like this one left of it
 * goes back first. Errors: as ccw_host_claim, prefixed with "hostid BUSID: ".
 */
gboolean ccw_lease_take(CcwLease *lease, const CcwBusId *id, GError **error);

/* All that was taken goes back as it was found, the last first; the first error is told. */
gboolean ccw_lease_give_back(CcwLease *lease, GError **error);
