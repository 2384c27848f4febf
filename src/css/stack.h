/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk, its partitions, and the block devices that are built on them, to the top: LVM, multipath and other device
 * mapper, md, loop, and a btrfs of several disks. Whether any of them is used is not decided here.
 */
#pragma once

#include "css/host.h"

typedef struct _CcwLayer CcwLayer;
struct _CcwLayer {
    char *name;         /* of the block device: "dasda1", "dm-3" */
    char *dev;          /* "94:1", or NULL */
    char *mapped;       /* "/dev/mapper/..." of a device mapper's, or NULL; for display, nothing is known by it */
    char *what;         /* in a user's words: "logical volume vg0/home (dm-3)"; NULL: the disk or a partition */
    char *undo;         /* the command that takes it off what is below, or NULL */
    const CcwLayer *on; /* what it is built on; NULL: the disk or a partition */
};

/*
 * Elements are CcwLayer *; the disk is first, and who is built on another comes after that. block_dir: in sysfs. Each
 * is known by what sysfs says, but a loop device, of which sysfs only shows the path that its file had for its maker:
 * that is looked up in this process's /dev.
 */
typedef enum {
    CCW_STACK_WITHOUT_LOOPS, /* where the kernel says by itself that a loop device has the disk open */
    CCW_STACK_WITH_LOOPS,
} CcwStackLoops;
GPtrArray *ccw_stack_new(CcwHost *host, const char *block_dir, CcwStackLoops loops);

/* The disk or the partition at the bottom. */
const CcwLayer *ccw_layer_bottom(const CcwLayer *layer);

/* Whether it has this number; NULL: no. */
gboolean ccw_layer_is_dev(const CcwLayer *layer, const char *dev);
