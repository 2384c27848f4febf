/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of Hercules' rules share. Private to them. */
#pragma once

#include "dasd/dasd-cmd.h"

typedef enum {
    RULE_ORIENTATION,
    RULE_NEXT_TRACK,
    RULE_AFTER_HOME,
    RULE_READ_MULTIPLE,
    RULE_MULTI_READ,
    RULE_MULTI_SEARCH,
    RULE_CHAINED_DATA,
    RULE_INCOMPLETE,
    RULE_SHORT_WRITE,
    RULE_SUPPRESS,
    RULE_WRITE_DOMAIN,
    RULE_READ_DATA,
    RULE_WRITE_R0,
    RULE_LOCATE,
    RULE_EXTENDED,
    RULE_ANSWER,
    RULE_LENGTH_IN_CHECK,
    N_RULES,
} Rule;

/* Notes that a rule changed something. */
void oracle_rules_act(Rule rule);

/* Like oracle_rules_act(), for a change of an incorrect length that the device reports here. */
void oracle_rules_act_on_length(Rule rule);

static inline gboolean oracle_rules_is_checked(const DasdExec *exec)
{
    return (exec->dstat & CHANNEL_DSTAT_UNIT_CHECK) != 0;
}

static inline void oracle_rules_run_original(DasdExec *exec)
{
    dasd_cmd_find(exec->ccw.cmd)->run(exec);
}

/* Everything that a command changes, except storage and the volume. */
typedef struct {
    DasdChain chain;
    DasdData data;
    DasdCcw ccw;
    guint32 fetches;
} OracleState;

OracleState oracle_rules_save(const DasdExec *exec);
void oracle_rules_restore(DasdExec *exec, const OracleState *state);

/* oracle-rules-moves.c: where a command works. Returns the function that runs a command; NULL: the device's own. */
DasdCmdFunc oracle_rules_move(guint8 code);
void oracle_rules_moves_begin(const DasdExec *exec);
void oracle_rules_moves_end(const DasdCmd *cmd);
void oracle_rules_moves_reset(void);

/* oracle-rules-locate.c: LOCATE RECORD and LOCATE RECORD EXTENDED. */
void oracle_rules_run_locate(DasdExec *exec);

/* Returns TRUE if the last locate record asked for a READ COUNT behind its domain. */
gboolean oracle_rules_has_suffix(void);
void oracle_rules_locate_reset(void);

/* oracle-rules-data.c: chained data and incorrect length. */

/*
 * Returns TRUE if Hercules rejects the command because its data is chained. Returns FALSE if the device does another
 * thing than without chained data: no rule explains that.
 */
gboolean oracle_rules_rejects_chained(DasdExec *exec);

/* Returns the flags that Hercules sees: of a write, those of the last CCW of its data. */
guint8 oracle_rules_flags(const DasdExec *exec);

/* Returns TRUE if the command can end with unit exception in the first CCW of chained data. */
gboolean oracle_rules_may_except(const DasdExec *exec);

/*
 * Runs such a command with its first CCW. Returns FALSE, as before the command, if it has no unit exception, or if the
 * device ends with this CCW, too.
 */
gboolean oracle_rules_run_first(DasdExec *exec, DasdCmdFunc func);

/* Returns TRUE if the device reports an incorrect length at the end of a command, apart from immediate operations. */
gboolean oracle_rules_reports_length(DasdExec *exec);

/* Ends the data of a command that ended without a unit check. @first: index of the first CCW of the command */
void oracle_rules_end_data(DasdExec *exec, guint32 first);
