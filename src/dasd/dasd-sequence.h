/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which command may follow which in a chain. */
#pragma once

#include <glib.h>

#include "dasd/dasd-chain.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-exec.h"

/**
 * dasd_sequence_check:
 *
 * Checks, before a command runs, whether it may follow the commands before it.
 *
 * Returns: FALSE after dasd_check(), if the command must not run
 */
gboolean dasd_sequence_check(DasdExec *exec, const DasdCmd *cmd);

/**
 * dasd_sequence_begin:
 *
 * Updates the chain before a command runs.
 */
void dasd_sequence_begin(DasdChain *chain, const DasdCmd *cmd);

/**
 * dasd_sequence_end:
 *
 * Updates the chain after a command ran.
 */
void dasd_sequence_end(DasdExec *exec, const DasdCmd *cmd);

/**
 * dasd_sequence_is_complete:
 *
 * Returns: TRUE if the chain may end here: all commands that its last locate record announced have come
 */
gboolean dasd_sequence_is_complete(const DasdChain *chain);
