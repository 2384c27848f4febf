/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel programs that bench/run device times, each with its reference: the same bytes without a device. README.md
 * lists them. Tracks have twelve records of 4 KiB, as Linux formats them.
 */
#pragma once

#include "channel/request.h"
#include "dasd/dasd-device.h"

#define BENCH_RECORDS 12 /* on a track */

typedef struct {
    DasdDevice *device;
    int image; /* the device's image, for reads without the device */
    int other; /* the same content, for writes: in @image, the device would take them for those of another program */
} BenchImages;

/* Sets the image and the device for the functions below. */
void bench_use(const BenchImages *used);

/* Returns the time in nanoseconds. */
gint64 bench_now(void);

/* Ends the benchmark with an error. */
void bench_fail(const char *what) G_GNUC_NORETURN;

/* Each runs one operation on this track; the record is 1 to BENCH_RECORDS. */
typedef void (*BenchWork)(guint32 track, guint8 record);

void bench_read_record(guint32 track, guint8 record);
void bench_pread_record(guint32 track, guint8 record);
void bench_write_record(guint32 track, guint8 record);
void bench_pwrite_record(guint32 track, guint8 record);
void bench_read_track(guint32 track, guint8 record);
void bench_pread_track(guint32 track, guint8 record);
void bench_preadv_track(guint32 track, guint8 record);
void bench_write_track(guint32 track, guint8 record);
void bench_pwrite_track(guint32 track, guint8 record);
void bench_format_track(guint32 track, guint8 record);
void bench_pwrite_formatted(guint32 track, guint8 record);

/* Returns the program of bench_format_track(), valid until the next call of these functions. */
const ChannelProgram *bench_format_program(guint32 track, guint32 *ret_ccws);
