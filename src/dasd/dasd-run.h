/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop over the commands of a channel program. */
#pragma once

#include "dasd/dasd-exec.h"
#include "dasd/dasd-status.h"

/**
 * dasd_run_program:
 *
 * Runs the loaded program until it ends or is suspended. @exec->dstat, cstat, ccw and data have the result.
 */
DasdPhase dasd_run_program(DasdExec *exec);
