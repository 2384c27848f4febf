/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands that read. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_read_ipl(DasdExec *exec);
void dasd_cmd_read_data(DasdExec *exec);
void dasd_cmd_read_key_data(DasdExec *exec);
void dasd_cmd_read_count(DasdExec *exec);
void dasd_cmd_read_ckd(DasdExec *exec);
void dasd_cmd_read_multiple(DasdExec *exec);
void dasd_cmd_read_home(DasdExec *exec);
void dasd_cmd_read_special_home(DasdExec *exec);
void dasd_cmd_read_r0(DasdExec *exec);
void dasd_cmd_read_track(DasdExec *exec);
void dasd_cmd_read_track_data(DasdExec *exec);
