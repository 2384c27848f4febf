/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is mounted, in every mount namespace of this host: a container's mount is in no list of the host's own; and
 * what is swapped on. What that means for a device is not decided here.
 *
 * A mount is known by the number of the block device that it is on. For most file systems the kernel says that number
 * itself. A file system that has a number of its own (btrfs) names its device instead; that name is believed only of a
 * file system that the kernel mounts from a block device alone, which no user without privileges may mount, and it is
 * looked up in this process's own /dev. The source of any other mount is whatever its maker wrote (fsname= of FUSE).
 */
#pragma once

#include "css/host.h"

typedef struct {
    const char *dev;   /* "94:1": of the block device that it is on; for a file system on none, a number of its own */
    const char *where; /* "/home" */
    const char *owner; /* whose namespace: NULL for this process's own, or "process 812 (postgres)" */
} CcwMount;

/* Returns TRUE to end the search; what it was given is gone then. */
typedef gboolean (*CcwMountFunc)(const CcwMount *mount, gpointer data);

/* This process's mounts. Error: they cannot be read. */
gboolean ccw_mounts_search_own(CcwHost *host, CcwMountFunc func, gpointer data, GError **error);

/*
 * Those of the other namespaces, each by the first process in it; one that ends meanwhile has none. A scan for names
 * (processes.h), and bounded: that it finds nothing says nothing.
 */
void ccw_mounts_search_others(CcwHost *host, CcwMountFunc func, gpointer data);

typedef struct {
    char *node; /* "/dev/dasda1", for messages */
    char *dev;  /* "94:1" */
} CcwSwap;

/* The block devices that are swapped on, as an array of CcwSwap; empty too in a kernel without swap. */
GArray *ccw_swaps(CcwHost *host);

/* The number "94:1" of the block device that a path below /dev leads to, in this process's own /dev; NULL: none. */
char *ccw_host_block_dev(CcwHost *host, const char *path);
