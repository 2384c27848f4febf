/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chained data, as Hercules 3.13 has it: it gathers the data of a write before it runs the command, and runs a read
 * with the first of its CCWs.
 */
#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-codes.h"
#include "dasd/dasd-sequence.h"
#include "oracle-core.h"
#include "oracle-rules-private.h"
#include "oracle-rules.h"
#include "util/endian.h"

static gboolean is_write(guint8 code)
{
    return code & 1 && code != DASD_CODE_NO_OPERATION;
}

/* Hercules divides the data of these reads only. */
static gboolean may_chain(guint8 code)
{
    static const guint8 reads[] = {
        DASD_CODE_READ_IPL,          DASD_CODE_READ_DATA,    DASD_CODE_READ_KEY_AND_DATA,
        DASD_CODE_READ_COUNT,        DASD_CODE_READ_R0,      DASD_CODE_READ_HOME_ADDRESS,
        DASD_CODE_READ_CKD,          DASD_CODE_READ_DATA_MT, DASD_CODE_READ_KEY_AND_DATA_MT,
        DASD_CODE_READ_COUNT_MT,     DASD_CODE_READ_R0_MT,   DASD_CODE_READ_HOME_ADDRESS_MT,
        DASD_CODE_READ_MULTIPLE_CKD, DASD_CODE_READ_CKD_MT,
    };

    return memchr(reads, code, sizeof(reads)) != NULL;
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

/* Returns the bytes of all CCWs of a command, from its first one on. */
static guint32 count_given(const DasdExec *exec, guint32 first)
{
    guint32 bytes;

    find_last(&exec->program, first, &bytes);
    return bytes + ccw_load_be16(exec->program.code.ccw[first] + CCW_OFS_COUNT);
}

/* The end of a command, apart from how its data is divided. */
typedef struct {
    guint8 dstat;
    guint8 cstat;
    gboolean is_short;
    guint32 left;
    guint8 sense[DASD_SENSE_SIZE];
} End;

static End run_to_end(DasdExec *exec)
{
    const DasdCmd *cmd = dasd_cmd_find(exec->ccw.cmd);
    guint32 bytes;
    End end;

    if (dasd_sequence_check(exec, cmd))
        cmd->run(exec);
    find_last(&exec->program, exec->ccw.index, &bytes);
    memset(&end, 0, sizeof(end)); /* for memcmp() */
    end.dstat = exec->dstat;
    end.cstat = exec->data.cstat;
    end.is_short = exec->data.is_short;
    end.left = exec->data.left + (exec->ccw.flags & CCW_FLAG_CD ? bytes : 0);
    memcpy(end.sense, exec->drive->lasting.sense, sizeof(end.sense));
    return end;
}

/* Sets the flag to skip data in all CCWs of a command. */
static void skip_data(DasdProgram *program, guint32 index)
{
    for (guint n = 0; n < program->ccw_count; n++) {
        program->code.ccw[index][CCW_OFS_FLAGS] |= CCW_FLAG_SKIP;
        if (!(program->code.ccw[index][CCW_OFS_FLAGS] & CCW_FLAG_CD) || !find_next(program, &index))
            return;
    }
}

/*
 * Hercules rejects a command whose data is chained, so its result says nothing about the result of the device. But the
 * device must give what it gives without chained data, which other programs compare. Runs the command both ways,
 * without a change of the guest's storage. Returns FALSE if the results differ.
 */
static gboolean ends_as_unchained(DasdExec *exec)
{
    static guint8 ccws[CHANNEL_PROGRAM_MAX][CCW_SIZE];
    OracleState before = oracle_rules_save(exec);
    DasdLasting lasting = exec->drive->lasting;
    guint32 index = exec->ccw.index;
    End chained, whole;

    memcpy(ccws, exec->program.code.ccw, exec->program.ccw_count * CCW_SIZE);
    skip_data(&exec->program, index);
    exec->ccw.flags |= CCW_FLAG_SKIP;
    chained = run_to_end(exec);
    oracle_rules_restore(exec, &before);
    exec->drive->lasting = lasting;
    exec->ccw.flags = CCW_FLAG_SKIP;
    exec->ccw.count = (guint16)count_given(exec, index);
    dasd_data_begin(&exec->data, &exec->program, &exec->ccw);
    whole = run_to_end(exec);
    oracle_rules_restore(exec, &before);
    exec->drive->lasting = lasting;
    memcpy(exec->program.code.ccw, ccws, exec->program.ccw_count * CCW_SIZE);
    return chained.cstat || memcmp(&chained, &whole, sizeof(chained)) == 0;
}

gboolean oracle_rules_rejects_chained(DasdExec *exec)
{
    return (exec->ccw.flags & CCW_FLAG_CD) && !(exec->ccw.cmd & 1) && !may_chain(exec->ccw.cmd) &&
           ends_as_unchained(exec);
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
    /* If bytes of this CCW are left, the device ends here, too. */
    if (!(exec->dstat & CHANNEL_DSTAT_UNIT_EXCEPTION) || exec->data.left > 0) {
        oracle_rules_restore(exec, &before);
        return FALSE;
    }
    exec->data.is_short = FALSE;
    oracle_rules_act(RULE_CHAINED_DATA);
    return TRUE;
}

/*
 * Returns the bytes that a write takes from the channel: less is an incorrect length. Returns 0 for a command that
 * accepts less, or rejects it, or has written nothing.
 */
static guint32 count_wanted(DasdExec *exec, guint32 given)
{
    const DasdRecord *record;

    if (exec->dstat & CHANNEL_DSTAT_UNIT_EXCEPTION)
        return 0;
    switch (exec->ccw.cmd) {
    case DASD_CODE_WRITE_R0:
        return DASD_COUNT_SIZE + DASD_R0_DL;
    case DASD_CODE_ERASE:
        return DASD_COUNT_SIZE;
    case DASD_CODE_WRITE_DATA:
    case DASD_CODE_WRITE_UPDATE_DATA:
        return dasd_exec_record(exec)->dl;
    case DASD_CODE_WRITE_KEY_AND_DATA:
    case DASD_CODE_WRITE_UPDATE_KEY_AND_DATA:
        record = dasd_exec_record(exec);
        return (guint32)record->kl + record->dl;
    case DASD_CODE_WRITE_CKD:
    case DASD_CODE_WRITE_CKD_NEXT_TRACK:
        return dasd_record_size(dasd_exec_record(exec));
    case DASD_CODE_WRITE_TRACK_DATA:
        record = dasd_exec_record(exec);
        return record->dl ? (given + record->dl - 1) / record->dl * record->dl : 0;
    default:
        return 0;
    }
}

gboolean oracle_rules_reports_length(DasdExec *exec)
{
    /* The device does this next. A second time, it does nothing. */
    dasd_data_end(&exec->data);
    return !exec->data.cstat && (exec->data.left > 0 || exec->data.is_short) &&
           (!(exec->ccw.flags & CCW_FLAG_SLI) || (exec->ccw.flags & CCW_FLAG_CD));
}

/* Hercules reports only the bytes that a write left. Does not trust the device about what is too short. */
static void ignore_short(DasdExec *exec, guint32 first)
{
    guint32 given = count_given(exec, first);

    if (given >= count_wanted(exec, given) || (exec->ccw.flags & CCW_FLAG_SLI))
        return;
    exec->data.is_short = FALSE;
    oracle_rules_act_on_length(RULE_SHORT_WRITE);
}

/* Moves to the last CCW of the data of a write: the bytes that the command left count together. */
static void gather(DasdExec *exec)
{
    guint32 left, bytes;

    dasd_data_end(&exec->data);
    if (exec->data.cstat || !(exec->ccw.flags & CCW_FLAG_CD))
        return;
    left = exec->data.left;
    find_last(&exec->program, exec->ccw.index, &bytes);
    dasd_data_drop(&exec->data, left + bytes);
    exec->data.left = left + bytes;
    oracle_rules_act_on_length(RULE_CHAINED_DATA);
}

static gboolean suppresses_length(const DasdExec *exec)
{
    guint32 flags = ccw_load_be32(exec->orb + CHANNEL_ORB_OFS_FLAGS);

    return (flags & CHANNEL_ORB_FORMAT1) && (flags & CHANNEL_ORB_SUPPRESS);
}

/* Moves to the last CCW of the data of a read, although data is left in this one. Suppresses its incorrect length. */
static void suppress_length(DasdExec *exec)
{
    if (!oracle_rules_reports_length(exec))
        return;
    oracle_rules_act_on_length(RULE_SUPPRESS);
    while (exec->ccw.flags & CCW_FLAG_CD && !exec->data.cstat) {
        exec->data.cstat = dasd_program_fetch(&exec->program, exec->ccw.index + 1, exec->ccw.cmd, &exec->ccw);
        exec->data.left = exec->ccw.count;
    }
    exec->ccw.flags |= CCW_FLAG_SLI;
}

void oracle_rules_end_data(DasdExec *exec, guint32 first)
{
    if (exec->data.cstat || (dasd_cmd_find(exec->ccw.cmd)->flags & DASD_CMD_IMMEDIATE))
        return;
    if (is_write(exec->ccw.cmd)) {
        ignore_short(exec, first);
        gather(exec);
    }
    if (suppresses_length(exec))
        suppress_length(exec);
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
