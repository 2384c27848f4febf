/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of the commands of generated programs. */
#pragma once

#include "oracle-program.h"

/**
 * oracle_data_fill:
 * @code: of the command
 * @piece: CORE_PIECE_SIZE bytes
 *
 * Fills in the data of a command.
 *
 * Returns: the number of bytes of a good program, at most CORE_PIECE_SIZE
 */
guint oracle_data_fill(OracleProgram *program, guint8 code, guint8 *piece);

/**
 * oracle_data_put_extent:
 * @de: 16 bytes
 *
 * Writes the parameters of a DEFINE EXTENT that allows reads of these tracks.
 */
void oracle_data_put_extent(guint8 *de, guint32 first, guint32 last);

/**
 * oracle_data_put_locate:
 * @lr: 16 bytes
 *
 * Writes the parameters of a LOCATE RECORD that begins with R0 or the home address of @track.
 */
void oracle_data_put_locate(guint8 *lr, guint8 operation, guint8 count, guint32 track);
