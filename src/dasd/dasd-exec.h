/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel program that runs on a drive, and how one of its commands ends with unit check. Private to this folder. */
#pragma once

#include <glib.h>

#include "dasd/dasd-chain.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-drive.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-sense.h"

typedef struct _DasdExec {
    DasdDrive *drive;
    const guint8 *orb;
    DasdData data;
    DasdCcw ccw;
    guint8 dstat;
    guint8 cstat;
    gboolean pci; /* the device still has to report a program-controlled interruption */
    DasdChain chain;
    DasdProgram program; /* last member: the members before it are zero when a program begins */
} DasdExec;

/**
 * dasd_check:
 *
 * Ends the chain with unit check and sense.
 *
 * Returns: always FALSE, for the caller's return statement
 */
gboolean dasd_check(DasdExec *exec, DasdCheck check);

/**
 * dasd_check_host:
 *
 * Like dasd_check(), for a failed read or write of the host. If the disk of the image is full, the sense is
 * "intervention required".
 *
 * Returns: always FALSE
 */
gboolean dasd_check_host(DasdExec *exec);

static inline DasdRecord *dasd_exec_record(DasdExec *exec)
{
    return &exec->chain.track->records[exec->chain.record];
}

/* Returns TRUE if the current command is of the multi-track form: the leftmost bit of its code. */
static inline gboolean dasd_exec_multi(const DasdExec *exec)
{
    return (exec->ccw.cmd & 0x80) != 0;
}
