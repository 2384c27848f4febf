/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The drive that programs run on, and its state that outlives a program. */
#pragma once

#include <glib.h>

#include "channel/arch.h"
#include "dasd/dasd-config.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-volume.h"

#define DASD_PATH_GROUP_ID_SIZE 11
#define DASD_PATH_STATE_RESET 0x00
#define DASD_PATH_STATE_UNGROUPED 0x80
#define DASD_PATH_STATE_GROUPED 0xc0
#define DASD_PATH_RESERVED_SELF 0x30 /* reserved by this path group; SNID_STATE2_RESVD_SELF of arch/s390 and cio */
#define DASD_PATH_MULTIPATH 0x08

/*
 * State that outlives a chain: it lasts until a command of a later program changes it, or until dasd_device_reset().
 * DasdChain has the place where a program works.
 */
typedef struct {
    guint8 sense[DASD_SENSE_SIZE]; /* pending, for a SENSE command */
    gboolean reserved;
    guint8 path_state;
    guint8 path_group_id[DASD_PATH_GROUP_ID_SIZE];
    gboolean host_told; /* this path group has sent SET SUBSYSTEM CHARACTERISTICS */
    gint waits;         /* atomic: an attention must tell the guest when the disk of the image has room again */
} DasdLasting;

struct _DasdCmd;
struct _DasdExec;

/* The drive that programs run on. */
typedef struct {
    const struct _DasdCmd *(*find_command)(guint8 code); /* dasd_cmd_find(); tests of the loop set their own function */
    /* dasd_sequence_check(); the oracle of generated programs sets its own function. */
    gboolean (*check_sequence)(struct _DasdExec *exec, const struct _DasdCmd *cmd);
    /* A DasdIntermediateFunc; NULL: intermediate status comes together with the last one. */
    gboolean (*intermediate)(gpointer opaque, const guint8 irb[CHANNEL_IRB_SIZE]);
    gpointer intermediate_opaque;
    DasdVolume *volume;
    DasdConfig config;
    gboolean read_only;
    guint8 unit_address;
    gint cancel;         /* atomic: the program ends before its next CCW */
    DasdLasting lasting; /* one program at a time uses it; lasting.waits is the exception */
} DasdDrive;
