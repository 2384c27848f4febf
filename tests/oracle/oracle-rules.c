/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands with the rules of Hercules 3.13. Each runs the device's own command, and changes the place before or after
 * it.
 */
#include "oracle-rules.h"

typedef enum {
    RULE_ORIENTATION,
    RULE_NEXT_TRACK,
    RULE_AFTER_HOME,
    RULE_READ_MULTIPLE,
    RULE_MULTI_READ,
    RULE_MULTI_SEARCH,
    N_RULES,
} Rule;

static const char *const names[N_RULES] = {
    "lost orientation", "next track in a domain",          "read R0 after a home address",
    "read multiple",    "search after a multi-track read", "multi-track search",
};

static guint acted;

/* The end of a track, where READ MULTIPLE has left the program. */
static struct {
    gboolean is_here;
    guint32 track;
} end;

guint oracle_rules(void)
{
    return N_RULES;
}

const char *oracle_rule_name(guint rule)
{
    return names[rule];
}

guint oracle_rules_take(void)
{
    guint rules = acted;

    acted = 0;
    end.is_here = FALSE;
    return rules;
}

static void act(Rule rule)
{
    acted |= 1u << rule;
}

static gboolean is_checked(const DasdExec *exec)
{
    return (exec->dstat & CHANNEL_DSTAT_UNIT_CHECK) != 0;
}

static void run_original(DasdExec *exec)
{
    dasd_cmd_find(exec->ccw.cmd)->run(exec);
}

/* The orientation stays. */
static void run_oriented(DasdExec *exec)
{
    DasdOrientation at = exec->chain.at;
    guint32 record = exec->chain.record;

    run_original(exec);
    if (is_checked(exec) || exec->chain.at == at)
        return;
    exec->chain.at = at;
    exec->chain.record = record;
    act(RULE_ORIENTATION);
}

/* In a domain, the command works on this track. Outside a domain, it works on the next one, also after a home address.
 */
static void run_at_index(DasdExec *exec)
{
    gboolean is_r0 = exec->ccw.cmd == DASD_CODE_READ_R0_MT;
    guint8 cmd = exec->ccw.cmd;

    if (!exec->chain.domain.operation) {
        if (is_r0 && exec->chain.at == DASD_AT_HOME) {
            exec->chain.at = DASD_AT_INDEX;
            act(RULE_AFTER_HOME);
        }
        run_original(exec);
        return;
    }
    if (exec->chain.at != (is_r0 ? DASD_AT_HOME : DASD_AT_INDEX))
        act(RULE_NEXT_TRACK);
    exec->ccw.cmd &= 0x7f;
    run_original(exec);
    exec->ccw.cmd = cmd;
}

/* Moves to the next track if the program is at the end of a track. Returns FALSE if there is no next track. */
static gboolean leave_end(DasdExec *exec)
{
    if (!end.is_here || exec->chain.track_number != end.track)
        return TRUE;
    act(RULE_READ_MULTIPLE);
    return dasd_move_next_track(exec);
}

static void run_read_multiple(DasdExec *exec)
{
    if (!leave_end(exec))
        return;
    run_original(exec);
    end.is_here = !is_checked(exec);
    end.track = exec->chain.track_number;
}

/* A read that went on to the next track has passed an index. */
static void run_multi_read(DasdExec *exec)
{
    guint32 track;

    if (!leave_end(exec))
        return;
    track = exec->chain.track_number;
    run_original(exec);
    if (is_checked(exec) || exec->chain.track_number == track)
        return;
    exec->chain.index_passes = 1;
    act(RULE_MULTI_READ);
}

static void run_at_count(DasdExec *exec)
{
    if (leave_end(exec))
        run_original(exec);
}

/* A search that would pass a second index finds no record, although it would go on to the next track. */
static void run_multi_search(DasdExec *exec)
{
    DasdChain *chain = &exec->chain;

    if (!leave_end(exec) || !dasd_move_load(exec))
        return;
    if (chain->index_passes > 0 && chain->at >= DASD_AT_COUNT && chain->record + 1 >= chain->track->n_records) {
        act(RULE_MULTI_SEARCH);
        dasd_check(exec, DASD_CHECK_NO_RECORD);
        return;
    }
    run_original(exec);
}

static const struct {
    guint8 code;
    DasdCmdFunc run;
} substitutes[] = {
    { DASD_CODE_DEFINE_EXTENT, run_oriented },
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
    { DASD_CODE_SEARCH_KEY_EQUAL_MT, run_at_count },
    { DASD_CODE_SEARCH_KEY_HIGH, run_at_count },
    { DASD_CODE_SEARCH_KEY_HIGH_MT, run_at_count },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH, run_at_count },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH_MT, run_at_count },
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

/* Runs any command, with Hercules' rule if it has one. */
static void run(DasdExec *exec)
{
    const DasdCmd *cmd = dasd_cmd_find(exec->ccw.cmd);
    DasdCmdFunc func = cmd->run;

    for (gsize i = 0; i < G_N_ELEMENTS(substitutes); i++)
        if (substitutes[i].code == cmd->code)
            func = substitutes[i].run;
    if (exec->chain.commands == 0)
        end.is_here = FALSE;
    func(exec);
    if (moves(cmd) && cmd->code != DASD_CODE_READ_MULTIPLE_CKD)
        end.is_here = FALSE;
}

const DasdCmd *oracle_rules_find_command(guint8 code)
{
    static DasdCmd commands[G_MAXUINT8 + 1];
    const DasdCmd *cmd = dasd_cmd_find(code);

    if (!cmd)
        return NULL;
    commands[code] = *cmd;
    commands[code].run = run;
    return &commands[code];
}
