/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The image file of a running device. Other programs may truncate, delete or replace it meanwhile. The device must not
 * acknowledge a write then, and must not extend the file.
 */
#pragma once

#include <glib.h>

#include <sys/types.h>
#include <time.h>

typedef struct {
    int fd;
    gboolean sync;
    guint64 size;               /* bytes when the device was made */
    gboolean has_name;          /* a folder listed the file then; a file of memfd_create(2) never has a name */
    gboolean is_logged;         /* the log already says that the file was truncated or deleted */
    guint64 seen_size;          /* bytes at the last look */
    struct timespec seen_mtime; /* at the last look */
    struct timespec seen_at;    /* the kernel's tick of the last look */
    struct timespec asked_at;   /* the kernel's tick of the last call of dasd_file_check() */
    gboolean follows_clock;     /* a write gives the file the time of this kernel's clock */
    gboolean has_written;       /* the device has written since the last look */
    struct timespec wrote_from; /* if has_written: the writes began no earlier than this tick */
    struct timespec wrote_to;   /* if has_written: the writes ended no later than this time */
} DasdFile;

/**
 * dasd_file_read_at:
 *
 * Reads exactly @length bytes.
 *
 * Returns: FALSE with errno if it cannot; errno is 0 if the file ends before
 */
gboolean dasd_file_read_at(int fd, void *buffer, gsize length, off_t offset);

/**
 * dasd_file_path:
 *
 * Returns: the path of an open file, for messages; free with g_free
 */
char *dasd_file_path(int fd);

/**
 * dasd_file_init:
 * @fd: the open image; the caller still closes it
 * @size: bytes that the image must have
 * @sync: whether each write has to survive a power cut
 */
void dasd_file_init(DasdFile *file, int fd, guint64 size, gboolean sync);

/**
 * dasd_file_check:
 * @ret_changed: whether the file differs from the last check, apart from the device's own writes
 *
 * Checks how much of the image file still exists, and whether another program has written to it.
 *
 * This function notices a smaller or larger file at once. Within one tick of the kernel's clock (1 to 10 ms, as the
 * kernel was built) after a check, it checks only the size, because a file's time of change is no more precise than the
 * tick. So it does not notice that another program wrote in the tick of a check, or in the tick of a write of the
 * device. It notices one tick later that the file was deleted or replaced.
 *
 * The first time that a part of the file is missing, this function logs a warning that names the file.
 *
 * Returns: the bytes from the start of the file that may be written: the size of the file; 0 if the file was deleted or
 * replaced, or if fstat(2) fails
 */
guint64 dasd_file_check(DasdFile *file, gboolean *ret_changed);

/**
 * DasdFileHoleFunc:
 * @from: first byte of a hole
 * @to: the byte after the hole
 */
typedef void (*DasdFileHoleFunc)(gpointer opaque, guint64 from, guint64 to);

/**
 * dasd_file_find_holes:
 *
 * Calls @found for each hole of the file. The number of calls is bounded: later holes stay unknown. Finds no hole on a
 * file system without SEEK_HOLE.
 */
void dasd_file_find_holes(const DasdFile *file, DasdFileHoleFunc found, gpointer opaque);

/**
 * dasd_file_wrote:
 *
 * Notes the device's own writes, so that dasd_file_check() does not take them for those of another program. Call this
 * after the writes. The writes began after the last call of dasd_file_check().
 */
void dasd_file_wrote(DasdFile *file);
