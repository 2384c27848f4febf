/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sense data of a 3990: 32 bytes in the 24-byte format, as Linux' drivers/s390/block/dasd_3990_erp.c reads them.
 */
#pragma once

#include <glib.h>

#define DASD_SENSE_SIZE 32

typedef enum {
    DASD_CHECK_COMMAND,    /* no such command */
    DASD_CHECK_SEQUENCE,   /* not here: the chain, the domain or the file mask does not allow it */
    DASD_CHECK_COUNT,      /* the CCW's count is too small */
    DASD_CHECK_PARAMETER,  /* a parameter or an order that is not valid or not supported */
    DASD_CHECK_AUTHORITY,  /* the file mask has not the authority that the command needs */
    DASD_CHECK_STATUS,     /* something that the parameters name is not as they say */
    DASD_CHECK_INCOMPLETE, /* the program ended within a domain */
    DASD_CHECK_READ_ONLY,
    DASD_CHECK_FILE_PROTECTED, /* beyond the extent */
    DASD_CHECK_NO_RECORD,
    DASD_CHECK_TRACK_FORMAT,
    DASD_CHECK_END_OF_CYLINDER,
    DASD_CHECK_EQUIPMENT,    /* the host failed to read or write */
    DASD_CHECK_INTERVENTION, /* the host has no room: somebody has to make some, and then the device is ready again */
} DasdCheck;

/* track: where the device stands. */
void dasd_sense_build(guint8 sense[DASD_SENSE_SIZE], DasdCheck check, guint8 unit_address, guint32 track);
