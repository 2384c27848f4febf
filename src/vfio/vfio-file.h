/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of the file descriptors that this library implements. It knows VFIO only by the calls that it passes on.
 */
#pragma once

#include <glib.h>

typedef struct _VfioFile VfioFile;

/*
 * Each call returns the result of the system call, or a negative errno. NULL: this kind of file does not support the
 * call.
 */
typedef struct {
    int (*ioctl)(VfioFile *file, unsigned long request, void *arg);
    gssize (*pread)(VfioFile *file, void *buffer, gsize count, guint64 offset);
    gssize (*pwrite)(VfioFile *file, const void *buffer, gsize count, guint64 offset);
    void (*release)(VfioFile *file); /* called when the last reference is dropped */
} VfioFileOps;

/* The first member of each object that has a descriptor. */
struct _VfioFile {
    const VfioFileOps *ops;
    gint refs;
};

/* Begins with one reference, which belongs to the caller. The last vfio_file_unref() calls release(). */
void vfio_file_init(VfioFile *file, const VfioFileOps *ops);
void vfio_file_ref(VfioFile *file);
void vfio_file_unref(VfioFile *file);

/**
 * vfio_file_install:
 * @file: the table takes over the reference, on failure too
 * @name: shown in /proc/PID/fd
 *
 * Returns: a new descriptor for the file, or a negative errno
 */
int vfio_file_install(VfioFile *file, const char *name);

/**
 * vfio_file_get:
 *
 * Returns: the file of a descriptor, with a reference. NULL for a descriptor of another kind, at the cost of one load
 */
VfioFile *vfio_file_get(int fd);

/**
 * vfio_file_remove:
 *
 * Takes the descriptor out of the table.
 *
 * Returns: the file; the caller gets the reference, and drops it after the real close
 */
VfioFile *vfio_file_remove(int fd);
