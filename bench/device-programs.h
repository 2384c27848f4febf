/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel programs that bench/run device times, each beside what it is held against: the same bytes without a
 * device. README.md lists them. Tracks have twelve records of 4 KiB, as Linux formats them.
 */
#pragma once

#include "channel/request.h"
#include "dasd/dasd-device.h"

#define BENCH_RECORDS 12 /* of a track */

typedef struct {
    DasdDevice *device;
    int image; /* the device's, for what is read without it */
    int other; /* an image alike, for writes: the device would take them for those of another program */
} BenchImages;

/* What the functions below work on from now on. */
void bench_use(const BenchImages *used);

/* Nanoseconds. */
gint64 bench_now(void);

/* Ends the benchmark. */
void bench_fail(const char *what) G_GNUC_NORETURN;

/* One operation, on this track; the record is 1 to BENCH_RECORDS. */
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

/* The program of bench_format_track(), valid until the next function of these is called. */
const ChannelProgram *bench_format_program(guint32 track, guint32 *ret_ccws);
