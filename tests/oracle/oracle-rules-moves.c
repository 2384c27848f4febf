/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where commands work, by the rules of Hercules 3.13. Each function runs the device's own command, and changes the
 * place before or after it.
 */
#include "dasd/dasd-codes.h"
#include "dasd/dasd-move.h"
#include "oracle-rules-private.h"

/* The end of a track, where READ MULTIPLE has left the program. */
static struct {
    gboolean is_here;
    guint32 track;
} end;

void oracle_rules_moves_reset(void)
{
    end.is_here = FALSE;
}

/* The orientation stays. */
static void run_oriented(DasdExec *exec)
{
    DasdOrientation at = exec->chain.at;
    guint32 record = exec->chain.record;

    oracle_rules_run_original(exec);
    if (oracle_rules_is_checked(exec) || exec->chain.at == at)
        return;
    exec->chain.at = at;
    exec->chain.record = record;
    oracle_rules_act(RULE_ORIENTATION);
}

/*
 * In a domain, the command works on this track. Outside a domain, it works on the next one, also after a home address.
 */
static void run_at_index(DasdExec *exec)
{
    gboolean is_r0 = exec->ccw.cmd == DASD_CODE_READ_R0_MT;
    guint8 cmd = exec->ccw.cmd;

    if (!exec->chain.domain.operation) {
        if (is_r0 && exec->chain.at == DASD_AT_HOME) {
            exec->chain.at = DASD_AT_INDEX;
            oracle_rules_act(RULE_AFTER_HOME);
        }
        oracle_rules_run_original(exec);
        return;
    }
    if (exec->chain.at != (is_r0 ? DASD_AT_HOME : DASD_AT_INDEX))
        oracle_rules_act(RULE_NEXT_TRACK);
    exec->ccw.cmd &= 0x7f;
    oracle_rules_run_original(exec);
    exec->ccw.cmd = cmd;
}

/* Moves to the next track if the program is at the end of a track. Returns FALSE if there is no next track. */
static gboolean leave_end(DasdExec *exec)
{
    if (!end.is_here || exec->chain.track_number != end.track)
        return TRUE;
    oracle_rules_act(RULE_READ_MULTIPLE);
    return dasd_move_next_track(exec);
}

/* Without a next track, the command has no data. */
static void run_read_multiple(DasdExec *exec)
{
    OracleState before = oracle_rules_save(exec);

    if (!leave_end(exec)) {
        oracle_rules_restore(exec, &before);
        return;
    }
    oracle_rules_run_original(exec);
    end.is_here = !oracle_rules_is_checked(exec);
    end.track = exec->chain.track_number;
}

/* A read that went on to the next track has passed an index. The indices that were passed before it do not count. */
static void run_multi_read(DasdExec *exec)
{
    guint32 track;

    if (exec->chain.index_passes > 0)
        oracle_rules_act(RULE_MULTI_READ);
    exec->chain.index_passes = 0;
    if (!leave_end(exec))
        return;
    track = exec->chain.track_number;
    oracle_rules_run_original(exec);
    if (oracle_rules_is_checked(exec) || exec->chain.track_number == track)
        return;
    exec->chain.index_passes = 1;
    oracle_rules_act(RULE_MULTI_READ);
}

static void run_at_count(DasdExec *exec)
{
    if (leave_end(exec))
        oracle_rules_run_original(exec);
}

/* A multi-track search for a key keeps the index that was passed before it. */
static void run_multi_key(DasdExec *exec)
{
    guint passes = exec->chain.index_passes;

    run_at_count(exec);
    if (passes == 0 || oracle_rules_is_checked(exec) || exec->chain.index_passes == passes)
        return;
    exec->chain.index_passes = passes;
    oracle_rules_act(RULE_MULTI_SEARCH);
}

/* A search that would pass a second index finds no record, although it would go on to the next track. */
static void run_multi_search(DasdExec *exec)
{
    DasdChain *chain = &exec->chain;

    if (!leave_end(exec) || !dasd_move_load(exec))
        return;
    if (chain->index_passes > 0 && chain->at >= DASD_AT_COUNT && chain->record + 1 >= chain->track->n_records) {
        oracle_rules_act(RULE_MULTI_SEARCH);
        dasd_check(exec, DASD_CHECK_NO_RECORD);
        return;
    }
    oracle_rules_run_original(exec);
}

static const struct {
    guint8 code;
    DasdCmdFunc run;
} substitutes[] = {
    { DASD_CODE_DEFINE_EXTENT, run_oriented },
    { DASD_CODE_LOCATE_RECORD, oracle_rules_run_locate },
    { DASD_CODE_LOCATE_RECORD_EXTENDED, oracle_rules_run_locate },
    { DASD_CODE_SET_SECTOR, run_oriented },
    { DASD_CODE_READ_DEVICE_CHARACTERISTICS, run_oriented },
    { DASD_CODE_READ_R0_MT, run_at_index },
    { DASD_CODE_READ_HOME_ADDRESS_MT, run_at_index },
    { DASD_CODE_READ_MULTIPLE_CKD, run_read_multiple },
    { DASD_CODE_READ_DATA_MT, run_multi_read },
    { DASD_CODE_READ_KEY_AND_DATA_MT, run_multi_read },
    { DASD_CODE_READ_COUNT_MT, run_multi_read },
    { DASD_CODE_READ_CKD_MT, run_multi_read },
    { DASD_CODE_READ_DATA, run_at_count },
    { DASD_CODE_READ_KEY_AND_DATA, run_at_count },
    { DASD_CODE_READ_COUNT, run_at_count },
    { DASD_CODE_READ_CKD, run_at_count },
    { DASD_CODE_SEARCH_KEY_EQUAL, run_at_count },
    { DASD_CODE_SEARCH_KEY_EQUAL_MT, run_multi_key },
    { DASD_CODE_SEARCH_KEY_HIGH, run_at_count },
    { DASD_CODE_SEARCH_KEY_HIGH_MT, run_multi_key },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH, run_at_count },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH_MT, run_multi_key },
    { DASD_CODE_SEARCH_ID_EQUAL, run_at_count },
    { DASD_CODE_SEARCH_ID_HIGH, run_at_count },
    { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH, run_at_count },
    { DASD_CODE_SEARCH_ID_EQUAL_MT, run_multi_search },
    { DASD_CODE_SEARCH_ID_HIGH_MT, run_multi_search },
    { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH_MT, run_multi_search },
};

/* Returns TRUE if the program can be at another place of the volume after the command. */
static gboolean moves(const DasdCmd *cmd)
{
    return cmd->code == DASD_CODE_READ_IPL || (cmd->flags & (DASD_CMD_SEEK | DASD_CMD_OPENS_DOMAIN)) ||
           ((cmd->flags & DASD_CMD_PLACED) && cmd->code != DASD_CODE_SET_SECTOR);
}

DasdCmdFunc oracle_rules_move(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(substitutes); i++)
        if (substitutes[i].code == code)
            return substitutes[i].run;
    return NULL;
}

void oracle_rules_moves_begin(const DasdExec *exec)
{
    if (exec->chain.commands == 0)
        end.is_here = FALSE;
}

void oracle_rules_moves_end(const DasdCmd *cmd)
{
    if (moves(cmd) && cmd->code != DASD_CODE_READ_MULTIPLE_CKD)
        end.is_here = FALSE;
}
