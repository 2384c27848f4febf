/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands of virt-ccw; cmd-NAME.c has each. */
#pragma once

#include "cmd-table.h"

extern const CmdCommand cmd_argv;
extern const CmdCommand cmd_capabilities;
extern const CmdCommand cmd_dasd;
extern const CmdCommand cmd_dasd_check; /* a verb of dasd */
extern const CmdCommand cmd_dasd_map;   /* a verb of dasd */
extern const CmdCommand cmd_detach;
extern const CmdCommand cmd_export;
extern const CmdCommand cmd_hook;
extern const CmdCommand cmd_image;
extern const CmdCommand cmd_lab;
extern const CmdCommand cmd_list;
extern const CmdCommand cmd_lower;
extern const CmdCommand cmd_raise;
extern const CmdCommand cmd_reconcile;
extern const CmdCommand cmd_reattach;
extern const CmdCommand cmd_reset;
extern const CmdCommand cmd_trace;
extern const CmdCommand cmd_validate;
