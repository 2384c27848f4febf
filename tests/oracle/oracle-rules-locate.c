/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LOCATE RECORD and LOCATE RECORD EXTENDED, as Hercules 3.13 has them: no operations on whole tracks to write, a READ
 * COUNT behind a domain, and another order of the checks.
 */
#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-codes.h"
#include "oracle-rules-private.h"
#include "util/endian.h"

#define LOCATE_SIZE 16
#define EXTENDED_SIZE 20
#define SIZE_MAX_HERE 22
#define OPERATION 0x3f
#define OPERATION_EXTENDED 0x3f
#define AUXILIARY_LENGTH 0x80
#define AUXILIARY_SUFFIX 0x01
#define SENSE0_REJECT 0x80
#define MESSAGE_PARAMETER 0x04
#define SENSE1_PROTECTED 0x04

static gboolean has_suffix;

gboolean oracle_rules_has_suffix(void)
{
    return has_suffix;
}

void oracle_rules_locate_reset(void)
{
    has_suffix = FALSE;
}

/* Hercules has a format write from the index on, as LOCATE RECORD has it. */
static gboolean has_index_orientation(const guint8 *lr, gsize size)
{
    return size > LOCATE_SIZE && lr[0] == 0xc3 && !lr[17] && !lr[18] && !lr[19];
}

/* Runs the command with these parameters in place of its own. */
static void run_with(DasdExec *exec, const OracleState *before, const guint8 *parameters, gsize size)
{
    static DasdProgram program;

    oracle_rules_restore(exec, before);
    program = (DasdProgram){ .ccw_count = 1, .block = 4096 };
    program.code.cda[0] = GPOINTER_TO_SIZE(parameters);
    exec->ccw = (DasdCcw){ .cmd = before->ccw.cmd, .flags = CCW_FLAG_SLI, .count = (guint16)size };
    if (has_index_orientation(parameters, size))
        exec->ccw.cmd = DASD_CODE_LOCATE_RECORD;
    dasd_data_begin(&exec->data, &program, &exec->ccw);
    oracle_rules_run_original(exec);
    exec->ccw = before->ccw;
    exec->data = before->data;
    dasd_data_drop(&exec->data, size);
}

static gboolean is_rejected(const DasdExec *exec)
{
    const guint8 *sense = exec->drive->lasting.sense;

    return oracle_rules_is_checked(exec) && sense[0] == SENSE0_REJECT && sense[7] == MESSAGE_PARAMETER;
}

/* Hercules has a READ COUNT behind a domain that writes data, and one that reads any record. */
static gboolean takes_suffix(const guint8 *lr)
{
    guint8 operation = lr[0] & OPERATION;

    return (lr[1] & AUXILIARY_SUFFIX) && lr[3] >= 2 && (operation == 0x01 || operation == 0x16);
}

/* Hercules looks at the extent before it looks at these fields. */
static void make_valid(guint8 *lr, gsize size)
{
    lr[1] &= (guint8)~AUXILIARY_LENGTH;
    lr[13] = 0;
    memset(lr + 14, 0, 2);
    if (size > LOCATE_SIZE)
        memset(lr + 18, 0, 2);
}

/* Runs a command that the device rejected with Hercules' checks. */
static void run_again(DasdExec *exec, const OracleState *before, guint8 *lr, gsize size)
{
    has_suffix = takes_suffix(lr);
    if (has_suffix || has_index_orientation(lr, size)) {
        if (has_suffix)
            lr[1] &= (guint8)~AUXILIARY_SUFFIX;
        run_with(exec, before, lr, size);
        if (!is_rejected(exec)) {
            oracle_rules_act(RULE_LOCATE);
            return;
        }
        has_suffix = FALSE;
    }
    make_valid(lr, size);
    run_with(exec, before, lr, size);
    if (oracle_rules_is_checked(exec) && exec->drive->lasting.sense[1] == SENSE1_PROTECTED) {
        oracle_rules_act(RULE_LOCATE);
        return;
    }
    oracle_rules_restore(exec, before);
    oracle_rules_run_original(exec);
}

/* Returns TRUE if Hercules rejects the operation: it has other extended operations than the device. */
static gboolean lacks_operation(const DasdExec *exec, const guint8 *lr, gsize size)
{
    return size > LOCATE_SIZE && (lr[0] & OPERATION) == OPERATION_EXTENDED && (lr[17] == 0x11 || lr[17] == 0x23) &&
           (exec->chain.has_extent || exec->chain.has_read_ipl);
}

void oracle_rules_run_locate(DasdExec *exec)
{
    gsize size = exec->ccw.cmd == DASD_CODE_LOCATE_RECORD ? LOCATE_SIZE : EXTENDED_SIZE;
    guint8 lr[SIZE_MAX_HERE] = { 0 };
    OracleState before = oracle_rules_save(exec);
    gboolean lacks;

    has_suffix = FALSE;
    lacks = dasd_data_get_upto(&exec->data, lr, size) == size && lacks_operation(exec, lr, size);
    oracle_rules_restore(exec, &before);
    oracle_rules_run_original(exec);
    if (!lacks && is_rejected(exec)) {
        run_again(exec, &before, lr, size);
    } else if (lacks && !is_rejected(exec)) {
        oracle_rules_restore(exec, &before);
        dasd_data_drop(&exec->data, size);
        oracle_rules_act(RULE_EXTENDED);
        dasd_check(exec, DASD_CHECK_PARAMETER);
    }
}
