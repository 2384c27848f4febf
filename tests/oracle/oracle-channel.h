/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the channel gets a program: the ORB, the format of the CCWs, their flags and addresses, chained data, transfers
 * in channel. The commands and their data are those of oracle-program.c and oracle-data.c.
 */
#pragma once

#include "oracle-program.h"

/**
 * oracle_channel_begin:
 * @n_commands: of the program
 *
 * Makes the ORB.
 */
void oracle_channel_begin(OracleProgram *program, guint n_commands);

/**
 * oracle_channel_begin_plain:
 *
 * Like oracle_channel_begin(), without a choice.
 */
void oracle_channel_begin_plain(OracleProgram *program);

/**
 * oracle_channel_put_transfer:
 *
 * Adds transfers in channel before a command. A good program has none.
 */
void oracle_channel_put_transfer(OracleProgram *program);

/**
 * oracle_channel_put_command:
 * @last: the program ends after the command
 *
 * Adds the CCWs of a command with its data.
 */
void oracle_channel_put_command(OracleProgram *program, guint8 code, gboolean last);

/**
 * oracle_channel_put_ccw:
 *
 * Adds a CCW.
 */
void oracle_channel_put_ccw(OracleProgram *program, guint8 code, guint8 flags, guint16 count, guint32 address);

/**
 * oracle_channel_put_tic:
 * @target: index of a CCW
 *
 * Adds a transfer in channel.
 */
void oracle_channel_put_tic(OracleProgram *program, guint target);

/**
 * oracle_channel_detail:
 *
 * Returns: a choice of a detail of the channel: 0 in a plain program
 */
guint oracle_channel_detail(OracleProgram *program, guint n);

/**
 * oracle_channel_modes:
 *
 * Returns: the number of modes that Hercules 3.13 can run: what the ORB says, and how one command has its data
 */
guint oracle_channel_modes(void);

/**
 * oracle_channel_find_mode:
 *
 * Returns: a mode with this bit of the ORB that suspends no program
 */
guint oracle_channel_find_mode(guint32 orb);

#define ORACLE_CHANNEL_PARTS 7   /* ways to divide a count among CCWs; the first one has one CCW */
#define ORACLE_CHANNEL_FLAGS 4   /* choices of flags with and without SLI, and with and without data that is skipped */
#define ORACLE_CHANNEL_CHAINED 3 /* choices of flags for chained data */
