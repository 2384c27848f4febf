/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of the commands that limit the commands after them: extents and domains. dasd-cmd.c has the table. */
#pragma once

#include "dasd/dasd-exec.h"

void dasd_cmd_define_extent(DasdExec *exec);
void dasd_cmd_locate_record(DasdExec *exec);
void dasd_cmd_locate_record_extended(DasdExec *exec);
void dasd_cmd_prefix(DasdExec *exec);
