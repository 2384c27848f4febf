/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user-space ccw program, and the request that passes it to a device, in the form that the cover letter of the QEMU
 * series of 2016 describes ("basic channel I/O passthrough infrastructure based on vfio").
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

#include "channel/arch.h"

#define CHANNEL_PROGRAM_SIZE 4096
#define CHANNEL_PROGRAM_MAX 256                                  /* CCWs */
#define CHANNEL_PROGRAM_CDA_OFS (CHANNEL_PROGRAM_MAX * CCW_SIZE) /* 2048 */

/*
 * The lower half holds format-1 CCWs in the channel's byte order (big-endian), packed from index 0. The data address
 * of CCW i is
 *   TIC:    the offset, in this buffer, of the target CCW: a multiple of 8 below 2048;
 *   direct: 2048 + 8 * i, the offset of cda[i], which holds the user virtual address of the data;
 *   IDAL:   2048 + 8 * i; cda[i] holds the user virtual address of a list of 8-byte entries for guest IDAWs of either
 *           format. Each entry is a user virtual address. The first has any alignment; the others are the start of a
 *           block of 4 KiB with CHANNEL_ORB_C64 and without CHANNEL_ORB_T2K, else of 2 KiB.
 * The entries of cda[] and of the lists are addresses of this process, in the host's byte order. 0 means that there is
 * no storage: a program check when the device reaches it.
 *
 * A NOOP without chaining follows the end of a chain if the program has a free CCW.
 */
typedef union {
    guint8 bytes[CHANNEL_PROGRAM_SIZE];
    struct {
        guint8 ccw[CHANNEL_PROGRAM_MAX][CCW_SIZE];
        guint64 cda[CHANNEL_PROGRAM_MAX];
    };
} ChannelProgram;
G_STATIC_ASSERT(sizeof(ChannelProgram) == CHANNEL_PROGRAM_SIZE);

/*
 * The argument of the request. ORB, SCSW and IRB are in the channel's byte order (big-endian), the rest is in the
 * host's.
 *
 * The SCSW's CPA of irb is an offset in the program, 8 beyond the current CCW, as the channel counts. If the program is
 * suspended, irb has the suspended bit, and the device has forgotten the chain: the caller continues by a new request.
 *
 * Returns: 0 with irb; EINVAL for a malformed request, ENODEV if the device is gone, EBUSY during another request.
 */
typedef struct {
    guint32 argsz;                  /* in: the size of this struct, which the device checks */
    guint8 orb[CHANNEL_ORB_SIZE];   /* in: the guest's, but with the offset of the first CCW in the program as CPA */
    guint8 scsw[CHANNEL_SCSW_SIZE]; /* in: as at the start function; with resume pending, as at the resume function,
                                       and the program begins with the CCW before which it is suspended */
    guint8 irb[CHANNEL_IRB_SIZE];   /* out */
    guint32 ccw_count;              /* in: number of CCWs with the NOOPs, 1 to 256 */
    guint64 program;                /* in: user virtual address of a ChannelProgram */
} CcwCmdRequest;

#define VFIO_DEVICE_CCW_CMD_REQUEST _IO(VFIO_TYPE, VFIO_BASE + 22)
