/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands that write. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_write_data(DasdExec *exec);
void dasd_cmd_write_key_data(DasdExec *exec);
void dasd_cmd_write_ckd(DasdExec *exec);
void dasd_cmd_write_r0(DasdExec *exec);
void dasd_cmd_erase(DasdExec *exec);
void dasd_cmd_write_track_data(DasdExec *exec);
void dasd_cmd_write_full_track(DasdExec *exec);
