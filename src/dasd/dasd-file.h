/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The image file of a device that runs. Other programs may truncate, delete or replace it meanwhile; a write must not
 * be acknowledged then, and must not extend the file.
 */
#pragma once

#include <glib.h>

#include <time.h>

typedef struct {
    int fd;
    gboolean sync;
    guint64 size;       /* bytes when the device was made */
    gboolean has_name;  /* a folder listed the file then; a file from memfd_create(2) has no name from the start */
    gboolean is_logged; /* the log says already that the file was truncated or deleted */
    guint64 seen_size;  /* bytes at the last look */
    struct timespec seen_mtime; /* after our own last write, or at the last look */
} DasdFile;

/**
 * dasd_file_init:
 * @fd: the open image; the caller still closes it
 * @size: bytes that the image must have
 * @sync: whether each write has to survive a power cut
 */
void dasd_file_init(DasdFile *file, int fd, guint64 size, gboolean sync);

/**
 * dasd_file_look: Looks how much of the image file is still there, and whether another program has written to it.
 * @ret_changed: whether the file is another than at the last look or after dasd_file_wrote(). A second change within
 *               one tick of the kernel's clock (4 ms) is not noticed.
 *
 * The first time that some of the file is missing, this writes a warning that names the file.
 *
 * Returns: the bytes from the start of the file that may be written: the size of the file, 0 if it was deleted or
 * replaced or cannot be looked at.
 */
guint64 dasd_file_look(DasdFile *file, gboolean *ret_changed);

/* Bytes from (inclusive) to (exclusive) of the file are a hole: they read as zeros. */
typedef void (*DasdFileHoleFunc)(gpointer opaque, guint64 from, guint64 to);

/*
 * Calls found for each hole of the file, a bounded number of times: what is behind the last is not known. On a file
 * system without SEEK_HOLE no hole is found.
 */
void dasd_file_find_holes(const DasdFile *file, DasdFileHoleFunc found, gpointer opaque);

/* Call this after own writes, so that dasd_file_look() does not take them for those of another program. */
void dasd_file_wrote(DasdFile *file);
