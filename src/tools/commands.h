/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subcommands of virt-ccw; each is a CmdFunc in cmd-NAME.c. */
#pragma once

int cmd_argv(int argc, char **argv);
int cmd_capabilities(int argc, char **argv);
int cmd_dasd(int argc, char **argv);
int cmd_dasd_check(int argc, char **argv); /* a verb of dasd's */
int cmd_detach(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_hook(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_lower(int argc, char **argv);
int cmd_raise(int argc, char **argv);
int cmd_reconcile(int argc, char **argv);
int cmd_reattach(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_validate(int argc, char **argv);
