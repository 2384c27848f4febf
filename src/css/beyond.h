/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this host reaches through a channel device without its being a disk of the device's own: SCSI disks behind an
 * FCP channel or a virtio adapter, and network interfaces that are up. The kernel lets such a device go with all of
 * that.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef struct {
    CcwBusId through;
    const char *kind; /* "disk" or "net" */
    const char *name; /* "sda", "eth0" */
} CcwBeyond;

/* Returns TRUE to end the search; what it was given is gone then. */
typedef gboolean (*CcwBeyondFunc)(const CcwBeyond *beyond, gpointer data);

/* One look at all block devices and interfaces. */
void ccw_beyond_search(CcwHost *host, CcwBeyondFunc func, gpointer data);
