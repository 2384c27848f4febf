/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device on a new image, and channel programs built CCW by CCW, for the tests of the device. */
#pragma once

#include "dasd/dasd-codes.h"
#include "dasd/dasd-device.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-verify.h"

#define CC CCW_FLAG_CC
#define CD CCW_FLAG_CD
#define SLI CCW_FLAG_SLI

#define STATUS_END (CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END)
#define STATUS_CHECK (STATUS_END | CHANNEL_DSTAT_UNIT_CHECK)

typedef struct {
    char *folder;
    char *path;
    DasdDevice *device;
    gboolean sync; /* of the devices that bench_reopen makes */
    ChannelProgram program;
    guint32 n;
    CcwCmdRequest request;
    /* The status of the last run. */
    guint16 scsw_flags;
    guint16 control;
    guint32 cpa;
    guint8 dstat;
    guint8 cstat;
    guint16 residual;
    const guint8 *sense; /* NULL without concurrent sense */
} Bench;

/* Makes a device on a new image. volser NULL: the volume has no label. */
void bench_open(Bench *bench, guint32 cylinders, const char *volser);

/* Ends the device and keeps the image, on which bench_reopen() makes a device again. */
void bench_close_device(Bench *bench);
void bench_reopen(Bench *bench, gboolean read_only);

void bench_close(Bench *bench);

/* Writes garbage over the beginning of a track in the image file. */
void bench_damage(const Bench *bench, guint32 track);

/* Opens the image and verifies it. */
DasdVerifyResult bench_verify(const char *path, const DasdVerifyEvents *events);

/* Begins a program. */
void bench_begin(Bench *bench);

/* Appends a CCW. data is of count bytes and outlives the run. */
void bench_ccw(Bench *bench, guint8 cmd, guint8 flags, const void *data, guint16 count);

/* Appends a transfer in channel to CCW index. */
void bench_tic(Bench *bench, guint32 index);

/* Runs the program and asserts that it gets a status. */
void bench_run(Bench *bench);

/* Runs it and asserts channel end, device end and no other bit. */
void bench_run_good(Bench *bench);

/* Runs it and asserts a unit check at CCW index, with these sense bytes 0, 1 and 7. */
void bench_run_check(Bench *bench, guint32 index, guint8 sense0, guint8 sense1, guint8 message);

/*
 * Runs it and asserts an equipment check with a permanent error, and that the device does not wait: a retry cannot
 * help.
 */
void bench_run_failure(Bench *bench);

/*
 * Make the parameters of a define extent over whole tracks, and of a locate record, in static storage. bench_ccw() adds
 * a transfer length factor to the locate record if a write of data directly follows it.
 */
const guint8 *bench_extent(guint8 mask, guint32 first, guint32 last);
const guint8 *bench_locate(guint8 operation, guint8 count, guint32 track, guint8 record);

/* Formats a track with n records of equal length after R0. As dasdfmt, it writes only the count fields. */
void bench_format(Bench *bench, guint32 track, guint8 n, guint8 kl, guint16 dl);

/* Runs a command, which must end with this exit code. Returns its standard output. */
char *bench_spawn(const char *const *argv, int exit_code);
