/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sense data of a 3990: 32 bytes in the 24-byte format, as Linux' drivers/s390/block/dasd_3990_erp.c reads them.
 */
#pragma once

#include <glib.h>

#define DASD_SENSE_SIZE 32

typedef enum {
    DASD_CHECK_COMMAND,    /* the device has no such command */
    DASD_CHECK_SEQUENCE,   /* the chain, the domain or the file mask does not allow the command here */
    DASD_CHECK_COUNT,      /* the CCW's count is too small */
    DASD_CHECK_PARAMETER,  /* a parameter or an order is not valid or not supported */
    DASD_CHECK_AUTHORITY,  /* the file mask lacks the authority that the command needs */
    DASD_CHECK_STATUS,     /* an object that the parameters name is not in the state that they say */
    DASD_CHECK_INCOMPLETE, /* the program ended within a domain */
    DASD_CHECK_READ_ONLY,
    DASD_CHECK_FILE_PROTECTED, /* the place is outside the extent, or the file mask forbids the seek */
    DASD_CHECK_NO_RECORD,
    DASD_CHECK_TRACK_FORMAT,
    DASD_CHECK_END_OF_CYLINDER,
    DASD_CHECK_EQUIPMENT,    /* the host failed to read or write */
    DASD_CHECK_INTERVENTION, /* the disk of the image is full; the device is ready again when it has room */
} DasdCheck;

/**
 * dasd_sense_build:
 * @track: where the device stands
 *
 * Builds the sense bytes of a condition.
 */
void dasd_sense_build(guint8 sense[DASD_SENSE_SIZE], DasdCheck check, guint8 unit_address, guint32 track);
