/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program of one request (channel/request.h), copied and checked: fetching CCWs, and moving data to and from
 * where they point. No command is known here.
 */
#pragma once

#include <glib.h>

#include "channel/request.h"

/* A program that fetches more CCWs than this is endless; 256 searches over the fullest tracks stay below. */
#define DASD_PROGRAM_FETCHES_MAX 65536

typedef struct {
    guint32 index;
    guint8 cmd;
    guint8 flags;
    guint16 count;
} DasdCcw;

typedef struct {
    CcwProgram code;
    guint32 ccw_count;
    guint32 start;   /* index of the first CCW */
    guint32 block;   /* bytes of an IDAW's block: 4096 or 2048 */
    guint32 fetches; /* CCWs fetched so far, for the bound */
    gboolean may_suspend;
    gboolean resumes;           /* it was suspended before its first CCW here */
    gboolean suppresses_length; /* of immediate operations: incorrect-length-suppression mode */
} DasdProgram;

/* Copies and checks the program of a request. Returns 0 or -EINVAL. */
int dasd_program_load(DasdProgram *program, const CcwCmdRequest *request);

/*
 * Fetches the CCW at index, through a transfer in channel. data_of: the command whose data the CCW is to go on with,
 * which is then its command; 0 if it is one itself. Returns the subchannel status: 0, or why the channel program ends
 * here. Index and count are set in any case: what the status has of a CCW.
 */
guint8 dasd_program_fetch(DasdProgram *program, guint32 index, guint8 data_of, DasdCcw *ret_ccw);

/*
 * Whether a command has so many bytes of data, chained data included. TRUE, too, when it cannot be told: a chain with a
 * CCW that is not valid ends in a program check when the device gets there.
 */
gboolean dasd_program_has_bytes(const DasdProgram *program, const DasdCcw *ccw, guint32 wanted);

/* Data of the current CCW, and of those chained to it by chain-data. */
typedef struct {
    DasdProgram *program;
    DasdCcw *ccw;  /* moves on with data chaining */
    guint32 left;  /* bytes that the CCW still has: the residual count */
    guint32 done;  /* bytes moved with this CCW, without a list of IDAWs */
    guint32 entry; /* of the list of IDAWs */
    guint32 entry_done;
    guint8 cstat; /* program check, if an address or a chained CCW was bad */
    gboolean pci; /* a CCW chained to asks for a program-controlled interruption */
    gboolean cut; /* the device had or wanted more than the CCWs hold */
} DasdData;

void dasd_data_begin(DasdData *data, DasdProgram *program, DasdCcw *ccw);

/* Into memory. Returns how many bytes the CCWs had place for; fewer than length sets data->cut. */
gsize dasd_data_put(DasdData *data, const void *from, gsize length);

/* Out of memory. Returns how many bytes the CCWs had; fewer than length sets data->cut. */
gsize dasd_data_get(DasdData *data, void *to, gsize length);

/* As dasd_data_get, where fewer is as good. */
gsize dasd_data_get_upto(DasdData *data, void *to, gsize length);

/* At the end of a command: a chain-data CCW whose count ran out has its successor fetched, as a channel does. */
void dasd_data_end(DasdData *data);
