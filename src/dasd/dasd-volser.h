/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volume serials of disks of this host. A disk is opened for reading, without waiting; and if one does not answer
 * nevertheless, a child is left behind with that read and not the caller.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-label.h"

typedef struct {
    const char *block;                /* "dasda"; NULL: it is not to be read */
    const char *block_dir;            /* where sysfs has it */
    char volser[DASD_VOLSER_MAX + 1]; /* "" where it has no label, or is not readable */
} DasdDisk;

/*
 * Reads the volume serials of the disks below dev_dir ("/dev"), in a process of its own: a read of a disk that does not
 * answer cannot be broken off. Waits DASD_VOLSER_MS for each at most.
 */
#define DASD_VOLSER_MS 1000
void dasd_volser_read(DasdDisk *disks, guint n, const char *dev_dir);
