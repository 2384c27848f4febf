/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the volume serials of disks of this host. Opens a disk for reading, without waiting. If a disk does not answer
 * nevertheless, a child process is left with that read, and not the caller.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-label.h"

typedef struct {
    const char *block;                /* "dasda"; NULL: do not read this disk */
    const char *block_dir;            /* folder of the disk in sysfs */
    char volser[DASD_VOLSER_MAX + 1]; /* "" if the disk has no label or is not readable */
} DasdDisk;

#define DASD_VOLSER_MS 1000 /* milliseconds to wait for one disk */

/**
 * dasd_volser_read:
 * @dev_dir: "/dev"
 *
 * Reads the volume serials of the disks below @dev_dir in a child process, because a read of a disk that does not
 * answer cannot be interrupted. Waits at most DASD_VOLSER_MS for each disk.
 */
void dasd_volser_read(DasdDisk *disks, guint n, const char *dev_dir);
