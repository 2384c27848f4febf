/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands that position the device. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_seek(DasdExec *exec);
void dasd_cmd_set_file_mask(DasdExec *exec);
void dasd_cmd_set_sector(DasdExec *exec);
void dasd_cmd_read_sector(DasdExec *exec);
void dasd_cmd_search_home(DasdExec *exec);
void dasd_cmd_search_id(DasdExec *exec);
void dasd_cmd_search_key(DasdExec *exec);
