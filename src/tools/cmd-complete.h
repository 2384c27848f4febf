/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completes a command line for a shell, from the tables of the commands. completion/ has the shells' part: it calls
 * "PROGRAM --complete WORD...", where the last word is the one to complete, and may be empty.
 *
 * The first line of the output is a directive, a tab, and the text before the part of the word to complete:
 *   words      the following lines are candidates, each a whole word, a tab, and a description; a word that ends in '='
 *              or '/' goes on
 *   files      the names of files
 *   dirs       the names of folders
 *   command    in place of the text the position of a word: it begins another command line
 *   unknown    in place of the text the name of a kind of values that no table has
 */
#pragma once

#include "cmd-table.h"

typedef struct {
    const char *prefix;  /* the text before the part to complete: "--dasd=0.0.1234=" */
    const char *part;    /* the part to complete */
    char *const *before; /* the words before this one; ends with NULL */
} CmdWord;

/* What the words in capitals of a command's table stand for. */
typedef struct {
    const char *name;                 /* "DEVICE"; NULL in the last row */
    const char *directive;            /* of the output */
    void (*add)(const CmdWord *word); /* calls cmd_complete_add() for each candidate; NULL: no candidates */
} CmdKind;

/* Returns: whether the arguments of main() ask for a completion. */
gboolean cmd_complete_is_wanted(int argc, char **argv);

/**
 * cmd_complete: Prints the completion of a word.
 * @kinds: of this program, besides FILE, DIR and others that all programs have
 * @words: the words after the program's name; the last is the word to complete
 *
 * Returns: CMD_OK.
 */
int cmd_complete(const CmdCommand *program, const CmdKind *kinds, char **words);

/* Prints a candidate if it begins with the part to complete. @description: NULL for none */
void cmd_complete_add(const CmdWord *word, const char *candidate, const char *description);

/**
 * cmd_complete_option:
 * @name: the option, without "--"
 * @letter: its short form, as in "-m VALUE"; 0: it has none
 * @otherwise: returned if the words before do not give the option
 *
 * Returns: the last value of the option in the words before. The word, or the caller, owns it
 */
const char *cmd_complete_option(const CmdWord *word, const char *name, char letter, const char *otherwise);
