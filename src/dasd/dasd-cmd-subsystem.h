/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands about the subsystem. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_read_configuration(DasdExec *exec);
void dasd_cmd_read_characteristics(DasdExec *exec);
void dasd_cmd_sense_subsystem_status(DasdExec *exec);
void dasd_cmd_reset_summary_unit_check(DasdExec *exec);
void dasd_cmd_subsystem_function(DasdExec *exec);
void dasd_cmd_read_subsystem_data(DasdExec *exec);
void dasd_cmd_read_buffered_log(DasdExec *exec);
void dasd_cmd_diagnostic_control(DasdExec *exec);
