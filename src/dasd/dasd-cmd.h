/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command of the device: a row of the command table. The header of each dasd-cmd-*.c declares the functions of its
 * commands.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-exec.h"

typedef void (*DasdCmdFunc)(DasdExec *exec);

enum {
    DASD_CMD_IMMEDIATE = 1 << 0,       /* moves no data */
    DASD_CMD_KEEPS_SENSE = 1 << 1,     /* keeps pending sense, which other commands clear */
    DASD_CMD_OPENS_DOMAIN = 1 << 2,    /* opens a domain, which does not count this command */
    DASD_CMD_IN_DOMAIN = 1 << 3,       /* allowed only in a domain */
    DASD_CMD_UPDATE = 1 << 4,          /* writes key or data of existing records */
    DASD_CMD_FORMAT = 1 << 5,          /* writes new records */
    DASD_CMD_R0 = 1 << 6,              /* with FORMAT: the file mask must allow R0, too */
    DASD_CMD_SCAN = 1 << 7,            /* the chain keeps counting how often it passes the index */
    DASD_CMD_PLACED = 1 << 8,          /* needs a cylinder and a head from an earlier command of its chain */
    DASD_CMD_BEFORE_LIMITS = 1 << 9,   /* not allowed after an extent, a file mask or READ IPL */
    DASD_CMD_AT_ONCE = 1 << 10,        /* outside a domain: must follow the search directly */
    DASD_CMD_FIRST = 1 << 11,          /* must be first; only a suspension of multipath reconnection may precede it */
    DASD_CMD_AFTER_IDENTITY = 1 << 12, /* with FIRST: or directly after READ CONFIGURATION DATA or CHARACTERISTICS */
    DASD_CMD_LAST = 1 << 13,           /* must be the last command of its chain */
    DASD_CMD_SEEK = 1 << 14,           /* the file mask must allow it: else file protected */
};

typedef struct _DasdCmd {
    guint8 code;
    const char *name;
    DasdCmdFunc run;
    guint16 min;   /* bytes of data that the command needs */
    guint flags;   /* DASD_CMD_* */
    guint domains; /* DASD_OP_* of the domains that allow the command */
    guint found;   /* DASD_FOUND_*: outside a domain, one of these must precede the command; 0: needs no search */
    guint keeps;   /* DASD_FOUND_* that stay true for the next command */
} DasdCmd;

/**
 * dasd_cmd_find:
 *
 * Returns: the row of the command with this code, or NULL if the device has no such command
 */
const DasdCmd *dasd_cmd_find(guint8 code);
