/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generator of channel programs: made of the device's own table of commands, so that a new row comes in by itself.
 * A program is what a row of choices makes of it; who chooses is a counter, a random number or a fuzzer.
 */
#pragma once

#include <glib.h>

typedef struct {
    /* Which commands the program has: 0 to n - 1. */
    guint (*shape)(gpointer opaque, guint n);
    /* Everything else, where 0 is what suits. */
    guint (*detail)(gpointer opaque, guint n);
    gpointer opaque;
} OracleChoices;

typedef struct {
    guint8 *slot;        /* of oracle-core.h */
    guint32 address;     /* the guest's, of the slot */
    guint32 first_track; /* of the program's window */
    const OracleChoices *choices;
    gboolean any_head; /* those with PREFIX, too */
    guint n;           /* CCWs */
    guint n_pieces;
    /* What the commands are about. */
    guint32 track;
    guint8 record;
    guint domain; /* DASD_OP_* of its locate record, 0: none */
    guint8 operation;
    guint8 extended;
    guint n_commands; /* behind the head */
} OracleProgram;

/* How chains begin: what stands before the commands that are tried. */
guint oracle_heads(void);
const char *oracle_head_name(guint head);

/* Those that Hercules 3.13 knows: it has no PREFIX. They come first. */
guint oracle_heads_compared(void);

/* Whether a head opens the domain of a locate record. */
gboolean oracle_has_domain(guint head);

/* Commands of the device's table. */
guint oracle_commands(void);

/* Those that a domain of this head takes, as far as the table says; of a head without a domain, all. */
guint oracle_suiting(guint head);

#define ORACLE_BODY_MAX 4 /* commands behind the head */

/* Makes a program in its slot. program: slot, address, first_track and choices are set. */
void oracle_program_make(OracleProgram *program);

#define ORACLE_WINDOWS_READ 6

/*
 * Reads all tracks of the windows behind the program's own. Hercules runs a program on the processor's thread if the
 * tracks are in its cache, and else on another, which takes much longer on a busy host.
 */
void oracle_program_make_reading(OracleProgram *program);

/* As oracle_program_make, with a head and commands that are given: indexes into the table; shape is not asked. */
void oracle_program_make_of(OracleProgram *program, guint head, const guint *commands, guint n);

/* As oracle_program_make_of, for commands that suit the head, by their number among these. */
void oracle_program_make_suiting(OracleProgram *program, guint head, const guint *commands, guint n);
