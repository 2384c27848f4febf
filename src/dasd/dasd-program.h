/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program of one request (channel/request.h), copied and checked. These functions fetch CCWs. They do not know
 * commands.
 */
#pragma once

#include <glib.h>

#include "channel/request.h"

/* A program that fetches more CCWs than this is endless. 256 searches over the fullest tracks need fewer. */
#define DASD_PROGRAM_FETCHES_MAX 65536

typedef struct {
    guint32 index;
    guint8 cmd;
    guint8 flags;
    guint16 count;
} DasdCcw;

typedef struct {
    ChannelProgram code; /* only the first ccw_count entries are valid */
    guint32 ccw_count;
    guint32 start;   /* index of the first CCW */
    guint32 block;   /* bytes of an IDAW's block: 4096 or 2048 */
    guint32 fetches; /* CCWs fetched so far, for the bound */
    gboolean can_suspend;
    gboolean is_resumed;           /* the program was suspended before its first CCW here */
    gboolean is_length_suppressed; /* incorrect-length-suppression mode, for immediate operations */
} DasdProgram;

/**
 * dasd_program_load:
 *
 * Copies and checks the program of a request.
 *
 * Returns: 0 or -EINVAL
 */
int dasd_program_load(DasdProgram *program, const CcwCmdRequest *request);

/**
 * dasd_program_fetch:
 * @data_of: the command whose data the CCW continues; it becomes the command of the CCW. 0: the CCW is a command itself
 * @ret_ccw: has index and count on failure, too, for the status
 *
 * Fetches the CCW at @index, through a transfer in channel.
 *
 * Returns: the subchannel status: 0, or the reason why the channel program ends here
 */
guint8 dasd_program_fetch(DasdProgram *program, guint32 index, guint8 data_of, DasdCcw *ret_ccw);

/**
 * dasd_program_has_bytes:
 *
 * Checks whether a command has @wanted bytes of data, chained data included.
 *
 * Returns: TRUE also if the answer is unknown: a chain with an invalid CCW ends in a program check when the device
 * reaches the CCW
 */
gboolean dasd_program_has_bytes(const DasdProgram *program, const DasdCcw *ccw, guint32 wanted);
