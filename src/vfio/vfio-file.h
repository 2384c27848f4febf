/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File descriptors that this library answers for: a table from their numbers to what they are. It knows nothing of
 * VFIO beyond the calls it has to pass on.
 */
#pragma once

#include <glib.h>

typedef struct _VfioFile VfioFile;

/* All of them return what the system call would, or a negative errno. NULL: the call is not for this kind of file. */
typedef struct {
    int (*ioctl)(VfioFile *file, unsigned long request, void *arg);
    gssize (*pread)(VfioFile *file, void *buffer, gsize count, guint64 offset);
    gssize (*pwrite)(VfioFile *file, const void *buffer, gsize count, guint64 offset);
    void (*release)(VfioFile *file); /* the last reference is gone */
} VfioFileOps;

/* The first member of whatever is behind a descriptor. */
struct _VfioFile {
    const VfioFileOps *ops;
    gint refs;
};

void vfio_file_init(VfioFile *file, const VfioFileOps *ops);
void vfio_file_ref(VfioFile *file);
void vfio_file_unref(VfioFile *file);

/* A new descriptor for the file, whose reference it takes over (on failure too). Returns it or a negative errno. */
int vfio_file_install(VfioFile *file, const char *name);

/* What is behind a descriptor, with a reference; NULL for one that is not ours, at the cost of one load. */
VfioFile *vfio_file_get(int fd);

/* Takes the descriptor out of the table; its reference is the caller's now, to be dropped after the real close. */
VfioFile *vfio_file_remove(int fd);
