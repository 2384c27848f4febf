/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of Hercules 3.13 that change where later commands work. A list of patterns would have to allow everything after
 * such a rule. Instead the device library runs a program a second time, with Hercules' rules in place of its own. Then
 * the results have to be the same.
 */
#pragma once

#include "dasd/dasd-cmd.h"

/**
 * oracle_rules:
 *
 * Returns: the number of rules
 */
guint oracle_rules(void);

/**
 * oracle_rule_name:
 *
 * Returns: the group of the list of known differences that explains the rule
 */
const char *oracle_rule_name(guint rule);

/**
 * oracle_rules_find_command:
 *
 * Finds a command as dasd_cmd_find() does, for DasdDrive.find_command. The command has Hercules' rules.
 */
const DasdCmd *oracle_rules_find_command(guint8 code);

/**
 * oracle_rules_check_sequence:
 *
 * Checks a command before it runs, for DasdDrive.check_sequence.
 */
gboolean oracle_rules_check_sequence(DasdExec *exec, const DasdCmd *cmd);

#define ORACLE_RULES_LENGTH (1u << 31)

/**
 * oracle_rules_take:
 *
 * Returns: the rules that changed something since the last call, a bit for each. ORACLE_RULES_LENGTH: the first change
 * was an incorrect length that Hercules does not report, so the device's own result must have it
 */
guint oracle_rules_take(void);

/**
 * oracle_rules_find_same:
 * @rules: of oracle_rules_take()
 *
 * Finds a rule that the device has in place of its own, although its result is that of Hercules.
 *
 * Returns: the name of a rule that acted, if only rules acted that always change the result; else NULL: rules can
 * change where later commands work, and lead to the same result nevertheless
 */
const char *oracle_rules_find_same(guint rules);

/**
 * oracle_rules_correct:
 * @ours: the slot after the program ran with Hercules' rules
 * @theirs: the slot after it ran on Hercules
 *
 * Removes from @theirs what Hercules' rules add to a status.
 *
 * Returns: the rules that changed something, a bit for each
 */
guint oracle_rules_correct(const guint8 *ours, guint8 *theirs);
