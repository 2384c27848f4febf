/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user-space ccw program and the dedicated request that carries it to a device: the form the 2016 QEMU series
 * ("basic channel I/O passthrough infrastructure based on vfio") describes in its cover letter.
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

#include "channel/arch.h"

#define CCW_PROGRAM_SIZE 4096
#define CCW_PROGRAM_MAX 256                              /* CCWs */
#define CCW_PROGRAM_CDA_OFS (CCW_PROGRAM_MAX * CCW_SIZE) /* 2048 */

/*
 * The lower half holds format-1 CCWs in the channel's byte order (big-endian), packed from index 0. The data address
 * of CCW i is
 *   TIC:    the offset, in this buffer, of the target CCW: a multiple of 8 below 2048;
 *   direct: 2048 + 8 * i, the offset of cda[i], which holds the user virtual address of the data;
 *   IDAL:   2048 + 8 * i, and cda[i] holds the user virtual address of a list of 8-byte entries, each a user virtual
 *           address: the first of any alignment, every other at a block's start (block: CCW_ORB_C64 without
 *           CCW_ORB_T2K 4 KiB, else 2 KiB; guest IDAWs of either format have become these).
 * The entries of cda[] and of those lists are addresses of this process, in the host's byte order. 0 is no storage: a
 * program check if the device gets there.
 * A NOOP without chaining stands after the chain's end wherever a place is left.
 */
typedef union {
    guint8 bytes[CCW_PROGRAM_SIZE];
    struct {
        guint8 ccw[CCW_PROGRAM_MAX][CCW_SIZE];
        guint64 cda[CCW_PROGRAM_MAX];
    };
} CcwProgram;
G_STATIC_ASSERT(sizeof(CcwProgram) == CCW_PROGRAM_SIZE);

/*
 * The argument of the request. ORB, SCSW and IRB are in the channel's byte order (big-endian); the rest is the host's.
 *   in:  argsz (sizeof, checked), orb (the guest's, but its CPA is an offset in the program: where to start),
 *        scsw (as at the start function; with resume pending: as at the resume function, and the program begins with
 *        the CCW before which it was suspended), ccw_count (CCWs in use, the NOOP included; 1 to 256), program
 *        (user virtual address of a CcwProgram)
 *   out: irb. Its SCSW's CPA is an offset in the program: 8 beyond the current CCW, as the channel counts. Of a program
 *        that was suspended it has the suspended bit, and the device has forgotten the chain: to go on is a new
 * request. Returns 0 when irb was made; the errno otherwise says EINVAL (a malformed request), ENODEV (the device is
 * gone), EBUSY (a request is under way).
 */
typedef struct {
    guint32 argsz;
    guint8 orb[CCW_ORB_SIZE];
    guint8 scsw[CCW_SCSW_SIZE];
    guint8 irb[CCW_IRB_SIZE];
    guint32 ccw_count;
    guint64 program;
} CcwCmdRequest;

#define VFIO_DEVICE_CCW_CMD_REQUEST _IO(VFIO_TYPE, VFIO_BASE + 22)
