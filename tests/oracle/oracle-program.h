/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generator of channel programs. It uses the device's own table of commands, so that it tries a new command by
 * itself. A list of choices determines a program. A counter, a random number or a fuzzer makes the choices.
 */
#pragma once

#include <glib.h>

typedef struct {
    /* Returns 0 to n - 1: which commands the program has. */
    guint (*shape)(gpointer opaque, guint n);
    /* Returns 0 to n - 1 for everything else. 0 is the choice of a good program. */
    guint (*detail)(gpointer opaque, guint n);
    gpointer opaque;
} OracleChoices;

/* Details that a border program sets. */
typedef enum {
    ORACLE_DETAIL_TRACK,   /* of the window */
    ORACLE_DETAIL_RECORD,  /* its number, for searches and locate records */
    ORACLE_DETAIL_AGAIN,   /* how a search is repeated */
    ORACLE_DETAIL_MODE,    /* of the channel */
    ORACLE_DETAIL_SPECIAL, /* the special command, counted from the last one, which is 0 */
    /* Of the special command. All others keep those of a good program, so that the program reaches it. */
    ORACLE_DETAIL_COUNT,   /* of bytes */
    ORACLE_DETAIL_FLAGS,   /* of its only CCW, or of the last one with chained data */
    ORACLE_DETAIL_PARTS,   /* how a count is divided among CCWs */
    ORACLE_DETAIL_CHAINED, /* flags of chained data */
    ORACLE_DETAILS_SET,
} OracleDetail;

typedef struct {
    guint8 *slot;        /* see oracle-core.h */
    guint32 address;     /* the guest's address of the slot */
    guint32 first_track; /* of the program's window */
    const OracleChoices *choices;
    const gint *set;     /* ORACLE_DETAILS_SET values, -1 for a detail that is chosen; NULL: all are chosen */
    gboolean any_head;   /* also what Hercules 3.13 cannot run: PREFIX, suppression of incorrect length */
    gboolean has_no_pci; /* no program-controlled interruptions: how many a guest sees depends on its speed */
    guint n;             /* CCWs */
    guint n_pieces;
    /* How the channel gets it: oracle-channel.c. */
    gboolean is_plain; /* few details of the channel, so that long chains run to their end */
    guint32 orb;       /* flags */
    guint mode;
    guint special; /* number of the command that has what the mode is for */
    guint n_commands_put;
    guint32 lists; /* offset in the slot of the next list of IDAWs */
    gboolean is_spread;
    /* The place and the domain of the commands. */
    guint32 track;
    guint8 record;
    guint domain; /* DASD_OP_* of its locate record; 0: no domain */
    guint8 operation;
    guint8 extended;
    guint n_commands; /* after the head */
} OracleProgram;

/**
 * oracle_heads:
 *
 * Returns: the number of heads: beginnings of a chain, before the commands that are tried
 */
guint oracle_heads(void);
const char *oracle_head_name(guint head);

/**
 * oracle_heads_compared:
 *
 * Returns: the number of heads that Hercules 3.13 can run. It has no PREFIX. These heads come first
 */
guint oracle_heads_compared(void);

/**
 * oracle_has_domain:
 *
 * Returns: TRUE if the head opens the domain of a locate record
 */
gboolean oracle_has_domain(guint head);

/**
 * oracle_commands:
 *
 * Returns: the number of commands in the device's table
 */
guint oracle_commands(void);

/**
 * oracle_suiting:
 *
 * Returns: the number of commands that the table allows in the domain of this head; without a domain, of all commands
 */
guint oracle_suiting(guint head);

/**
 * oracle_program_detail:
 *
 * Returns: a choice from 0 to @n - 1
 */
guint oracle_program_detail(OracleProgram *program, guint n);

/**
 * oracle_program_is_set:
 *
 * Returns: TRUE if a detail is set; then @ret_value has its value
 */
gboolean oracle_program_is_set(const OracleProgram *program, OracleDetail detail, guint *ret_value);

/**
 * oracle_head_find:
 *
 * Returns: the head with this name
 */
guint oracle_head_find(const char *name);

/**
 * oracle_command_find:
 *
 * Returns: the index into the table of a command of the device
 */
guint oracle_command_find(guint8 code);

#define ORACLE_BODY_MAX 4 /* commands after the head */

/**
 * oracle_program_make:
 * @program: slot, address, first_track and choices are set
 *
 * Makes a program in its slot.
 */
void oracle_program_make(OracleProgram *program);

#define ORACLE_WINDOWS_READ 6

/**
 * oracle_program_make_reading:
 *
 * Makes a program that reads all tracks of the windows after the program's own window. Hercules runs a program on the
 * processor's thread if the tracks are in its cache. Otherwise it uses another thread, which takes much longer on a
 * busy host.
 */
void oracle_program_make_reading(OracleProgram *program);

/**
 * oracle_program_make_of:
 * @commands: @n indices into the table
 *
 * Like oracle_program_make(), with this head and these commands. Does not call the choice of the shape.
 */
void oracle_program_make_of(OracleProgram *program, guint head, const guint *commands, guint n);

/**
 * oracle_program_make_suiting:
 * @commands: @n indices into the commands that the domain of the head allows
 *
 * Like oracle_program_make_of().
 */
void oracle_program_make_suiting(OracleProgram *program, guint head, const guint *commands, guint n);
