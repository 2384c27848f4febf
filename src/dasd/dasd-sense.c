/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conditions that a device may report, and their sense bytes.
 */
#include "dasd/dasd-sense.h"

#include <string.h>

#include "dasd/dasd-ckd.h"
#include "util/endian.h"

#define SENSE0_COMMAND_REJECT 0x80
#define SENSE0_INTERVENTION_REQUIRED 0x40
#define SENSE0_EQUIPMENT_CHECK 0x10
#define SENSE0_INCOMPLETE_DOMAIN 0x01
#define SENSE1_PERMANENT_ERROR 0x80
#define SENSE1_INVALID_TRACK_FORMAT 0x40
#define SENSE1_END_OF_CYLINDER 0x20
#define SENSE1_NO_RECORD_FOUND 0x08
#define SENSE1_FILE_PROTECTED 0x04
#define SENSE1_WRITE_INHIBITED 0x02

#define SENSE_OFS_UNIT_ADDRESS 4
#define SENSE_OFS_MESSAGE 7 /* format in the left half, message in the right one */
#define SENSE_OFS_FORMAT 27
#define SENSE_FORMAT_24_BYTES 0x80
#define SENSE_OFS_CYLINDER 29
#define SENSE_OFS_HEAD 31

static const struct {
    guint8 byte0;
    guint8 byte1;
    guint8 message;
} rows[] = {
    [DASD_CHECK_COMMAND] = { SENSE0_COMMAND_REJECT, 0, 0x01 },
    [DASD_CHECK_SEQUENCE] = { SENSE0_COMMAND_REJECT, 0, 0x02 },
    [DASD_CHECK_COUNT] = { SENSE0_COMMAND_REJECT, 0, 0x03 },
    [DASD_CHECK_PARAMETER] = { SENSE0_COMMAND_REJECT, 0, 0x04 },
    [DASD_CHECK_AUTHORITY] = { SENSE0_COMMAND_REJECT, 0, 0x05 },
    [DASD_CHECK_STATUS] = { SENSE0_COMMAND_REJECT, 0, 0x0f },
    [DASD_CHECK_INCOMPLETE] = { SENSE0_COMMAND_REJECT | SENSE0_INCOMPLETE_DOMAIN, 0, 0 },
    [DASD_CHECK_READ_ONLY] = { SENSE0_COMMAND_REJECT, SENSE1_WRITE_INHIBITED, 0 },
    [DASD_CHECK_FILE_PROTECTED] = { 0, SENSE1_FILE_PROTECTED, 0 },
    [DASD_CHECK_NO_RECORD] = { 0, SENSE1_NO_RECORD_FOUND, 0 },
    [DASD_CHECK_TRACK_FORMAT] = { 0, SENSE1_INVALID_TRACK_FORMAT, 0 },
    [DASD_CHECK_END_OF_CYLINDER] = { 0, SENSE1_END_OF_CYLINDER, 0 },
    [DASD_CHECK_EQUIPMENT] = { SENSE0_EQUIPMENT_CHECK, SENSE1_PERMANENT_ERROR, 0x10 },
    [DASD_CHECK_INTERVENTION] = { SENSE0_INTERVENTION_REQUIRED, 0, 0 },
};

void dasd_sense_build(guint8 sense[DASD_SENSE_SIZE], DasdCheck check, guint8 unit_address, guint32 track)
{
    memset(sense, 0, DASD_SENSE_SIZE);
    sense[0] = rows[check].byte0;
    sense[1] = rows[check].byte1;
    sense[SENSE_OFS_UNIT_ADDRESS] = unit_address;
    sense[SENSE_OFS_MESSAGE] = rows[check].message;
    sense[SENSE_OFS_FORMAT] = SENSE_FORMAT_24_BYTES;
    ccw_store_be16(sense + SENSE_OFS_CYLINDER, (guint16)(track / DASD_3390_HEADS));
    sense[SENSE_OFS_HEAD] = (guint8)(track % DASD_3390_HEADS);
}
