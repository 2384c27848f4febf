/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions for main functions and for the subcommands of virt-ccw. A subcommand is a table in a file of its own
 * (cmd-table.h) and a row in virt-ccw.c. It calls functions of other folders.
 */
#pragma once

#include <glib.h>

#include "css/device.h"

#define CMD_OK 0
#define CMD_FAILED 1 /* a line on stderr says what failed, and why */
#define CMD_USAGE 2

/* Set by the options of every command. */
extern gboolean cmd_is_quiet;   /* do not print progress, hints, warnings or success messages */
extern gboolean cmd_is_verbose; /* print all details and each step */

typedef int (*CmdFunc)(int argc, char **argv); /* argv[0] is the subcommand's name */

/* The first call of main(): opens missing standard files, and sets the locale and the program's name. */
void cmd_start(const char *name);

/* The last call of main(): flushes standard output. Returns: code; CMD_FAILED if that fails. */
int cmd_finish(int code);

/* Prints "PROGRAM: error: MESSAGE" on one line of stderr, and frees the error. Returns: CMD_FAILED. */
int cmd_fail(GError *error);

/* Prints "PROGRAM: warning: MESSAGE", unless the user asks for quiet. */
void cmd_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Warns of "line N: MESSAGE" for each QemuWarning. */
void cmd_warn(GPtrArray *warnings);

/* Blocks SIGINT, SIGTERM and SIGHUP while something is written that must not be left half-made. */
void cmd_block_signals(void);

/* Lets the signals end the program again, also those that came meanwhile. */
void cmd_unblock_signals(void);

/**
 * cmd_write_file: Writes a text into a file: the whole text or, after an error or a signal, nothing. Only a file that
 * is no regular one (a terminal, a pipe) is written in place.
 * @mode: of the file
 *
 * Returns: FALSE with an error if that fails.
 */
gboolean cmd_write_file(const char *path, const char *text, int mode, GError **error);

/* Returns: whether two paths lead to one regular file, or are the same path where no file exists yet. */
gboolean cmd_is_one_file(const char *one, const char *other);

/* Prints the messages of g_debug() and g_info() from now on: the steps that a command does. */
void cmd_show_steps(void);

/* Sends the messages of g_info() to systemd's journal from now on: what a command changes on the host. */
void cmd_log_changes(void);

/* Prints the message, and how to get help. Returns: CMD_USAGE. */
int cmd_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

/**
 * cmd_find_device: Finds the device of an argument: "0.0.1234", "1234", "ccw_0_0_1234" or "css_0_0_0034"
 * (conf/node-name.h).
 *
 * Returns: the device, or NULL with CCW_ERROR_INVALID or CCW_ERROR_NOT_FOUND.
 */
CssDevice *cmd_find_device(CssHost *host, const char *text, GError **error);

/**
 * cmd_read_input: Reads a whole text.
 * @path: NULL or "-" for standard input
 * @limit: the largest number of bytes
 *
 * Returns: the text, to be freed with g_free(), or NULL with an error, also for a longer text or one with a NUL.
 */
char *cmd_read_input(const char *path, gsize limit, GError **error);
