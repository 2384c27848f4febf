/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the subcommands of virt-ccw share. A subcommand is a function in a file of its own and a row in virt-ccw.c;
 * it reads its arguments with GOption and calls what does the work in other folders.
 */
#pragma once

#include <glib.h>

#include "css/device.h"

#define CMD_OK 0
#define CMD_FAILED 1 /* the one line on stderr says what and why; nothing was changed */
#define CMD_USAGE 2

typedef int (*CmdFunc)(int argc, char **argv); /* argv[0] is the subcommand's name */

/* The first thing in main: a locale, the program's name, and no file of ours in the place of stdin, stdout or stderr.
 */
void cmd_start(const char *name);

/* The last thing in main: what was printed has to have arrived. Returns code, or CMD_FAILED if it has not. */
int cmd_finish(int code);

/* Prints "PROGRAM: error: MESSAGE" on one line of stderr. Returns CMD_FAILED. Frees error. */
int cmd_fail(GError *error);

/* Prints "PROGRAM: warning: MESSAGE" for each of the lines (char *). */
void cmd_warn(GPtrArray *warnings);

/* Prints the message and where to find help. Returns CMD_USAGE. */
int cmd_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

/*
 * Parses argv with GOption, stopping at the first argument that is no option when strict_posix (for commands that
 * run another); a "--" is taken away. Returns -1 to go on, else the exit code to return. --help is GOption's, printed
 * to stdout, exit 0.
 */
int cmd_options(const char *parameters, const char *summary, const GOptionEntry *entries, gboolean strict_posix,
                int *argc, char ***argv);

/*
 * The device that an argument names: "0.0.1234", "1234", "ccw_0_0_1234" or "css_0_0_0034" (conf/node-name.h).
 * Errors: CCW_ERROR_INVALID, CCW_ERROR_NOT_FOUND.
 */
CcwHostDevice *cmd_find_device(CcwHost *host, const char *text, GError **error);

/* The whole of FILE, or of standard input when path is NULL or "-"; at most limit bytes, no NUL inside. */
char *cmd_read_input(const char *path, gsize limit, GError **error);
