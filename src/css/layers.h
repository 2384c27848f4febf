/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk, its partitions, and the block devices that are built on them: LVM, multipath and other device mapper, md,
 * loop, and a btrfs of several disks. disk-use.h finds out whether this host uses any of them.
 */
#pragma once

#include "css/host.h"

typedef struct _CssLayer CssLayer;
struct _CssLayer {
    char *name;         /* of the block device: "dasda1", "dm-3" */
    char *dev;          /* "94:1", or NULL */
    char *mapped;       /* "/dev/mapper/..." for device mapper, or NULL; for display only */
    char *what;         /* a name for users: "logical volume vg0/home (dm-3)"; NULL: the disk or a partition */
    char *undo;         /* the command that removes it from the layer below, or NULL */
    const CssLayer *on; /* the layer below; NULL: this is the disk or a partition */
};

typedef enum {
    CSS_LAYERS_WITHOUT_LOOPS, /* the kernel itself notices that a loop device has the disk open */
    CSS_LAYERS_WITH_LOOPS,
} CssLayersLoops;

/**
 * css_layers_new:
 * @block_dir: the disk's directory in sysfs
 *
 * Finds the layers in sysfs. For a loop device, sysfs shows only the path of its file as its creator saw it: this
 * function looks that path up in this process's /dev.
 *
 * Returns: CssLayer *; the disk comes first, and each layer after the one below it
 */
GPtrArray *css_layers_new(CssHost *host, const char *block_dir, CssLayersLoops loops);

/* Returns: the disk or the partition on which the layer is built. */
const CssLayer *css_layer_bottom(const CssLayer *layer);

/* Returns: whether the layer has this number; FALSE for NULL. */
gboolean css_layer_is_dev(const CssLayer *layer, const char *dev);
