/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of a command: its name, options and arguments. --help (cmd-table.c) and the completion of shells
 * (cmd-complete.h) are made from it, and tests/tools/test-manpages.py compares the man pages with it.
 */
#pragma once

#include "cmd.h"

typedef struct _CmdCommand CmdCommand;
struct _CmdCommand {
    const char *name;        /* "list" */
    const char *summary;     /* a line for the list of commands, without a full stop */
    const char *description; /* a sentence or more for --help */
    /*
     * For --help and the completion: words in capitals name kinds of values (cmd-complete.h), "a|b" is a choice, [ ]
     * is what can be left out, and "..." what can be repeated. NULL: no arguments
     */
    const char *arguments;
    const GOptionEntry *options; /* the value names of the options are such words, too. NULL: no options of its own */
    gboolean is_posix;           /* the options end at the first argument: the arguments are another command */
    gboolean is_daemon;          /* it has no --quiet and --verbose */
    CmdFunc func; /* gets the arguments without the options. NULL: a verb has it, or the program parses the options */
    const CmdCommand *const *verbs; /* ends with NULL. A command with verbs has no func. NULL: no verbs */
};

/* Runs the command that the arguments name, or prints a help. @argc, @argv: of main(). Returns: the exit code. */
int cmd_run(const CmdCommand *program, int argc, char **argv);

/* Prints the --help of a command without verbs. Returns: CMD_OK. */
int cmd_print_help(const CmdCommand *command);

/* Finds a verb by its name. Returns: NULL if there is no such verb. */
const CmdCommand *cmd_find_verb(const CmdCommand *command, const char *name);

/* Returns: the options of the command that are not in its table; NULL: none. */
const GOptionEntry *cmd_common_options(const CmdCommand *command);
