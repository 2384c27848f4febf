/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands about the path and the identity of the device. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_noop(DasdExec *exec);
void dasd_cmd_sense(DasdExec *exec);
void dasd_cmd_sense_id(DasdExec *exec);
void dasd_cmd_sense_path_group_id(DasdExec *exec);
void dasd_cmd_set_path_group_id(DasdExec *exec);
void dasd_cmd_reset_allegiance(DasdExec *exec);
void dasd_cmd_reserve(DasdExec *exec);
void dasd_cmd_release(DasdExec *exec);
