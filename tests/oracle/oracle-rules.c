/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the device's commands with the rules of Hercules 3.13, and notes the rules that changed something. */
#include "oracle-rules.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-codes.h"
#include "dasd/dasd-move.h"
#include "dasd/dasd-sequence.h"
#include "dasd/dasd-volume.h"
#include "oracle-rules-private.h"

#define MASK_ALL 0xc0 /* a file mask that allows all writes, and the bits of the choice */
#define MASK_NONE 0x40
#define MASK_UPDATE 0x80

static const char *const names[N_RULES] = {
    [RULE_ORIENTATION] = "lost orientation",
    [RULE_NEXT_TRACK] = "next track in a domain",
    [RULE_AFTER_HOME] = "read R0 after a home address",
    [RULE_READ_MULTIPLE] = "read multiple",
    [RULE_MULTI_READ] = "search after a multi-track read",
    [RULE_MULTI_SEARCH] = "multi-track search",
    [RULE_CHAINED_DATA] = "chained data",
    [RULE_INCOMPLETE] = "incomplete domain",
    [RULE_SHORT_WRITE] = "length of what is written",
    [RULE_SUPPRESS] = "suppression of a suspension",
    [RULE_WRITE_DOMAIN] = "commands of a write domain",
    [RULE_READ_DATA] = "read data in any operation",
    [RULE_WRITE_R0] = "write of R0 ends the track",
    [RULE_LOCATE] = "locate record parameters",
    [RULE_EXTENDED] = "extended operations",
    [RULE_ANSWER] = "answer that was read",
    [RULE_LENGTH_IN_CHECK] = "incorrect length in a unit check",
};

static guint acted;
/* The command that runs: */
static gboolean ends_domain; /* is the last of its chain, but not of its domain */
static gboolean is_wider;    /* is not allowed here by the device's rules */

guint oracle_rules(void)
{
    return N_RULES;
}

const char *oracle_rule_name(guint rule)
{
    return names[rule];
}

const char *oracle_rules_find_same(guint rules)
{
    static const guint visible = 1u << RULE_CHAINED_DATA | 1u << RULE_INCOMPLETE | 1u << RULE_SHORT_WRITE |
                                 1u << RULE_SUPPRESS | 1u << RULE_LOCATE | 1u << RULE_READ_DATA | 1u << RULE_EXTENDED;
    guint rule = 0;

    rules &= ~ORACLE_RULES_LENGTH;
    if (!rules || rules & ~visible)
        return NULL;
    while (!(rules >> rule & 1))
        rule++;
    return names[rule];
}

guint oracle_rules_take(void)
{
    guint rules = acted;

    acted = 0;
    oracle_rules_moves_reset();
    oracle_rules_locate_reset();
    return rules;
}

OracleState oracle_rules_save(const DasdExec *exec)
{
    return (OracleState){ exec->chain, exec->data, exec->ccw, exec->program.fetches };
}

void oracle_rules_restore(DasdExec *exec, const OracleState *state)
{
    exec->chain = state->chain;
    exec->data = state->data;
    exec->ccw = state->ccw;
    exec->program.fetches = state->fetches;
    exec->dstat = CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END;
    memset(exec->drive->lasting.sense, 0, DASD_SENSE_SIZE);
}

void oracle_rules_act(Rule rule)
{
    acted |= 1u << rule;
}

void oracle_rules_act_on_length(Rule rule)
{
    if (!acted)
        acted = ORACLE_RULES_LENGTH;
    oracle_rules_act(rule);
}

/* Hercules looks at the rest of a domain after each command, also after one that failed, and after part of a read. */
static gboolean leaves_domain(const DasdExec *exec)
{
    guint8 code = exec->ccw.cmd;

    return exec->chain.domain.operation && exec->chain.domain.count > 1 && !exec->chain.prepared &&
           !(oracle_rules_flags(exec) & CCW_FLAG_CC) && code != DASD_CODE_READ_IPL && code != DASD_CODE_LOCATE_RECORD &&
           code != DASD_CODE_LOCATE_RECORD_EXTENDED;
}

/* Changes the state of the chain so that the device has the command where Hercules has it. */
static void widen(DasdExec *exec)
{
    DasdChain *chain = &exec->chain;

    switch (exec->ccw.cmd) {
    case DASD_CODE_WRITE_DATA:
    case DASD_CODE_WRITE_KEY_AND_DATA:
        chain->domain.operation = DASD_OP_WRITE;
        chain->domain.orientation = DASD_ORIENT_COUNT;
        chain->domain.count = 1;
        chain->domain.is_fresh = TRUE;
        break;
    case DASD_CODE_WRITE_UPDATE_DATA:
    case DASD_CODE_WRITE_UPDATE_KEY_AND_DATA:
        chain->domain.is_fresh = TRUE;
        chain->mask = MASK_ALL;
        break;
    case DASD_CODE_READ_DATA:
        chain->domain.operation = chain->domain.operation == DASD_OP_READ_ANY ? DASD_OP_READ : chain->domain.operation;
        break;
    case DASD_CODE_READ_COUNT:
    case DASD_CODE_READ_COUNT_MT:
        if (chain->domain.operation == DASD_OP_WRITE && chain->domain.count == 1 && oracle_rules_has_suffix())
            chain->domain.operation = DASD_OP_READ;
        break;
    default:
        break;
    }
}

/*
 * Returns TRUE if the device has to have the command here (SA22-1025, pages 4-21 to 4-23, for the commands of widen()).
 * The rule explains no result of a device that rejects it.
 */
static gboolean is_allowed(const DasdChain *chain, guint8 code)
{
    const DasdDomain *domain = &chain->domain;
    gboolean updates = (chain->mask & MASK_ALL) != MASK_NONE,
             formats = updates && (chain->mask & MASK_ALL) != MASK_UPDATE;
    gboolean is_single = domain->operation == DASD_OP_WRITE && domain->is_fresh && domain->count == 1 &&
                         domain->orientation == DASD_ORIENT_COUNT;

    switch (code) {
    case DASD_CODE_WRITE_DATA:
        return updates && (is_single || (domain->operation == DASD_OP_WRITE_TRACK && domain->is_fresh && formats));
    case DASD_CODE_WRITE_KEY_AND_DATA:
        return updates && is_single;
    case DASD_CODE_WRITE_UPDATE_DATA:
    case DASD_CODE_WRITE_UPDATE_KEY_AND_DATA:
        return updates && domain->operation == DASD_OP_WRITE && (domain->is_fresh || chain->previous == code);
    case DASD_CODE_READ_DATA:
        return domain->operation == DASD_OP_READ;
    default:
        return FALSE;
    }
}

/* Checks the command by the device's own rules, and in a domain by the wider ones. */
static gboolean check_in_domain(DasdExec *exec, const DasdCmd *cmd)
{
    DasdChain chain = exec->chain;

    is_wider = FALSE;
    if (dasd_sequence_check(exec, cmd))
        return TRUE;
    if (!chain.domain.operation || is_allowed(&chain, cmd->code))
        return FALSE;
    widen(exec);
    exec->dstat = CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END;
    is_wider = dasd_sequence_check(exec, cmd);
    exec->chain = chain;
    if (is_wider)
        oracle_rules_act(cmd->code == DASD_CODE_READ_DATA ? RULE_READ_DATA : RULE_WRITE_DOMAIN);
    return is_wider;
}

/*
 * Runs WRITE DATA of R0 in a write track operation. Hercules keeps the records after R0. All else is the device's own:
 * the checks and the status.
 */
static void write_r0(DasdExec *exec)
{
    static guint8 slot[DASD_3390_TRACK_SIZE];
    static DasdTrack before;
    DasdTrack *track;

    if (!dasd_move_fetch_track(exec))
        return;
    track = exec->chain.track;
    before = *track;
    memcpy(slot, track->slot, sizeof(slot));
    oracle_rules_run_original(exec);
    if (track->end >= before.end)
        return;
    memcpy(track->slot + track->end, slot + track->end, before.end + DASD_END_SIZE - track->end);
    dasd_volume_store(exec->drive->volume, track, track->end, before.end + DASD_END_SIZE);
    memcpy(track->records, before.records, sizeof(before.records));
    track->n_records = before.n_records;
    track->end = before.end;
    oracle_rules_act(RULE_WRITE_R0);
}

static gboolean is_at_r0(const DasdExec *exec)
{
    return exec->chain.domain.operation == DASD_OP_WRITE_TRACK && exec->chain.at >= DASD_AT_COUNT &&
           exec->chain.record == 0;
}

/* Returns the bytes that a write in a domain would write. READ TRACK leaves Hercules without a record. */
static guint32 get_length(DasdExec *exec, gboolean with_key)
{
    const DasdRecord *record;

    if (exec->chain.at < DASD_AT_COUNT || exec->chain.previous == DASD_CODE_READ_TRACK || !dasd_move_load(exec))
        return 0;
    record = dasd_exec_record(exec);
    return record->dl + (with_key ? record->kl : 0);
}

/* Runs WRITE DATA or WRITE KEY AND DATA where the device rejects it: Hercules looks at the length first. */
static void run_wider_write(DasdExec *exec)
{
    gboolean with_key = exec->ccw.cmd == DASD_CODE_WRITE_KEY_AND_DATA;
    DasdChain *chain = &exec->chain;
    guint16 length = !with_key && is_at_r0(exec) ? DASD_R0_DL : chain->domain.length;

    if (!chain->has_ckd_conversion && get_length(exec, with_key) != length)
        dasd_check(exec, DASD_CHECK_TRACK_FORMAT);
    else if (chain->at != DASD_AT_COUNT && (with_key || chain->at != DASD_AT_KEY))
        dasd_check(exec, DASD_CHECK_SEQUENCE);
    else
        oracle_rules_run_original(exec);
}

/* Reads the prepared answer, which stays prepared. */
static void read_answer(DasdExec *exec)
{
    guint prepared = exec->chain.prepared;

    oracle_rules_run_original(exec);
    if (oracle_rules_is_checked(exec) || exec->chain.prepared == prepared)
        return;
    exec->chain.prepared = prepared;
    oracle_rules_act(RULE_ANSWER);
}

static DasdCmdFunc find_function(DasdExec *exec)
{
    DasdCmdFunc move = oracle_rules_move(exec->ccw.cmd);

    if (exec->ccw.cmd == DASD_CODE_WRITE_DATA && exec->chain.at == DASD_AT_COUNT && is_at_r0(exec))
        return write_r0;
    if (is_wider && (exec->ccw.cmd == DASD_CODE_WRITE_DATA || exec->ccw.cmd == DASD_CODE_WRITE_KEY_AND_DATA))
        return run_wider_write;
    if (exec->ccw.cmd == DASD_CODE_READ_SUBSYSTEM_DATA)
        return read_answer;
    return move ? move : oracle_rules_run_original;
}

gboolean oracle_rules_check_sequence(DasdExec *exec, const DasdCmd *cmd)
{
    if (oracle_rules_rejects_chained(exec)) {
        oracle_rules_act(RULE_CHAINED_DATA);
        return dasd_check(exec, DASD_CHECK_COMMAND);
    }
    ends_domain = leaves_domain(exec);
    if (check_in_domain(exec, cmd))
        return TRUE;
    if (ends_domain) {
        oracle_rules_act(RULE_INCOMPLETE);
        dasd_check(exec, DASD_CHECK_INCOMPLETE);
    }
    return FALSE;
}

/* Hercules' status of a command that leaves a domain replaces an own status of the command. */
static void leave_domain(DasdExec *exec)
{
    if (oracle_rules_is_checked(exec))
        oracle_rules_act(RULE_INCOMPLETE);
    else if (oracle_rules_reports_length(exec))
        oracle_rules_act_on_length(RULE_INCOMPLETE);
    dasd_check(exec, DASD_CHECK_INCOMPLETE);
}

/* Runs any command, with Hercules' rule if it has one. */
static void run(DasdExec *exec)
{
    const DasdCmd *cmd = dasd_cmd_find(exec->ccw.cmd);
    guint32 first = exec->ccw.index;

    oracle_rules_moves_begin(exec);
    if (ends_domain && exec->ccw.flags & CCW_FLAG_CD && channel_cmd_is_input(cmd->code)) {
        exec->ccw.flags &= (guint8)~CCW_FLAG_CD;
        oracle_rules_act(RULE_INCOMPLETE);
    }
    if (!oracle_rules_may_except(exec) || !oracle_rules_run_first(exec, find_function(exec)))
        find_function(exec)(exec);
    oracle_rules_moves_end(cmd);
    if (ends_domain)
        leave_domain(exec);
    else if (!oracle_rules_is_checked(exec))
        oracle_rules_end_data(exec, first);
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
