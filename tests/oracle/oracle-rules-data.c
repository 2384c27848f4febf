/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chained data, as Hercules 3.13 has it: it gathers the data of a write before it runs the command, and runs a read
 * with the first of its CCWs.
 */
#include "channel/arch.h"
#include "oracle-core.h"
#include "oracle-rules-private.h"
#include "oracle-rules.h"
#include "util/endian.h"

static gboolean is_write(guint8 code)
{
    return code & 1 && code != DASD_CODE_NO_OPERATION;
}

gboolean oracle_rules_rejects_chained(const DasdExec *exec)
{
    static const guint8 chained[] = {
        0x02, 0x06, 0x0e, 0x12, 0x16, 0x1a, 0x1e, 0x5e, 0x86, 0x8e, 0x92, 0x96, 0x9a, 0x9e
    };

    if (!(exec->ccw.flags & CCW_FLAG_CD) || exec->ccw.cmd & 1)
        return FALSE;
    for (gsize i = 0; i < sizeof(chained); i++)
        if (exec->ccw.cmd == chained[i])
            return FALSE;
    return TRUE;
}

/* Returns the CCW after this one in a chain of data; FALSE if the program has none. */
static gboolean find_next(const DasdProgram *program, guint32 *index)
{
    const guint8 *ccw;

    if (++*index >= program->ccw_count)
        return FALSE;
    ccw = program->code.ccw[*index];
    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC)
        *index = ccw_load_be32(ccw + CCW_OFS_CDA) / CCW_SIZE;
    return TRUE;
}

/* Returns the last CCW of the data from a CCW on, and the bytes of all CCWs after that one. */
static const guint8 *find_last(const DasdProgram *program, guint32 index, guint32 *ret_bytes)
{
    *ret_bytes = 0;
    for (guint n = 0; n < program->ccw_count && program->code.ccw[index][CCW_OFS_FLAGS] & CCW_FLAG_CD; n++) {
        if (!find_next(program, &index))
            break;
        *ret_bytes += ccw_load_be16(program->code.ccw[index] + CCW_OFS_COUNT);
    }
    return program->code.ccw[index];
}

guint8 oracle_rules_flags(const DasdExec *exec)
{
    guint32 bytes;

    if (exec->ccw.cmd == DASD_CODE_NO_OPERATION)
        return exec->ccw.flags & (guint8)~CCW_FLAG_CD;
    if (!is_write(exec->ccw.cmd))
        return exec->ccw.flags;
    return find_last(&exec->program, exec->ccw.index, &bytes)[CCW_OFS_FLAGS];
}

gboolean oracle_rules_may_except(const DasdExec *exec)
{
    guint8 read = exec->ccw.cmd & 0x7f;

    return (exec->ccw.flags & CCW_FLAG_CD) && (read == DASD_CODE_READ_DATA || read == DASD_CODE_READ_KEY_AND_DATA ||
                                               read == DASD_CODE_READ_CKD || exec->ccw.cmd == DASD_CODE_READ_IPL);
}

gboolean oracle_rules_run_first(DasdExec *exec, DasdCmdFunc func)
{
    OracleState before = oracle_rules_save(exec);

    exec->ccw.flags &= (guint8)~CCW_FLAG_CD;
    func(exec);
    if (!(exec->dstat & CHANNEL_DSTAT_UNIT_EXCEPTION)) {
        oracle_rules_restore(exec, &before);
        return FALSE;
    }
    /* The record may go on in the next CCW. It may not end before this one. */
    exec->data.is_short = FALSE;
    if (exec->data.left > 0)
        exec->ccw.flags &= (guint8)~CCW_FLAG_SLI;
    oracle_rules_act(RULE_CHAINED_DATA);
    return TRUE;
}

/* Moves to the last CCW of the data of a write: the bytes that the command left count together. */
static void gather(DasdExec *exec)
{
    guint32 left = exec->data.left, bytes;

    if (!(exec->ccw.flags & CCW_FLAG_CD))
        return;
    find_last(&exec->program, exec->ccw.index, &bytes);
    dasd_data_drop(&exec->data, left + bytes);
    exec->data.left = left + bytes;
    oracle_rules_act(RULE_CHAINED_DATA);
}

/* Moves to the last CCW of the data of a read, although data is left in this one. */
static void pass(DasdExec *exec)
{
    while (exec->ccw.flags & CCW_FLAG_CD && !exec->data.cstat) {
        exec->data.cstat = dasd_program_fetch(&exec->program, exec->ccw.index + 1, exec->ccw.cmd, &exec->ccw);
        exec->data.left = exec->ccw.count;
    }
}

static gboolean suppresses_length(const DasdExec *exec)
{
    guint32 flags = ccw_load_be32(exec->orb + CHANNEL_ORB_OFS_FLAGS);

    return (flags & CHANNEL_ORB_FORMAT1) && (flags & CHANNEL_ORB_SUPPRESS);
}

void oracle_rules_end_data(DasdExec *exec)
{
    if (exec->data.cstat || (dasd_cmd_find(exec->ccw.cmd)->flags & DASD_CMD_IMMEDIATE))
        return;
    if (is_write(exec->ccw.cmd)) {
        if (exec->data.is_short)
            oracle_rules_act(RULE_SHORT_WRITE);
        exec->data.is_short = FALSE;
        gather(exec);
    }
    if (!suppresses_length(exec) || exec->data.cstat)
        return;
    if (exec->data.left > 0 || exec->data.is_short)
        oracle_rules_act(RULE_SUPPRESS);
    pass(exec);
    exec->ccw.flags |= CCW_FLAG_SLI;
}

#define SENSE_INCOMPLETE 0x8100 /* bytes 0 and 1 */

/* Returns TRUE if the length that a command left is incorrect, as far as flags and counts tell. */
static gboolean is_length_incorrect(const guint8 *slot)
{
    const guint8 *scsw = slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW;
    gint index = core_slot_index(slot, ccw_load_be32(scsw + CHANNEL_SCSW_OFS_CPA));
    CoreCcw ccw = core_slot_ccw(slot, (guint)MAX(index, 0));

    /* With an incomplete domain, a read may have had more data than the count. */
    return ccw.cmd != DASD_CODE_NO_OPERATION && (!(ccw.flags & CCW_FLAG_SLI) || ccw.flags & CCW_FLAG_CD) &&
           (ccw_load_be16(scsw + CHANNEL_SCSW_OFS_COUNT) > 0 ||
            ccw_load_be16(slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_ECW) == SENSE_INCOMPLETE);
}

guint oracle_rules_correct(const guint8 *ours, guint8 *theirs)
{
    guint8 *scsw = theirs + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW;

    if (!(scsw[CHANNEL_SCSW_OFS_DSTAT] & CHANNEL_DSTAT_UNIT_CHECK) ||
        !(scsw[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_INCORRECT_LENGTH) ||
        ours[CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW + CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_INCORRECT_LENGTH ||
        !is_length_incorrect(theirs))
        return 0;
    scsw[CHANNEL_SCSW_OFS_CSTAT] &= (guint8)~CHANNEL_CSTAT_INCORRECT_LENGTH;
    return 1u << RULE_LENGTH_IN_CHECK;
}
