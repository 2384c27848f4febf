/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs at borders that other programs meet seldom: each command several times on each track, and each way of the
 * channel to have the data of some commands.
 */
#pragma once

#include "oracle-program.h"

/**
 * oracle_borders:
 *
 * Returns: the number of programs
 */
guint oracle_borders(void);

/**
 * oracle_border_make:
 * @index: less than oracle_borders()
 *
 * Makes a program. All details that it does not set are those of a good program.
 */
void oracle_border_make(OracleProgram *program, guint index);
