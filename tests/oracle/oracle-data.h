/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of generated programs have for data. */
#pragma once

#include "oracle-program.h"

/* Fills in the data of a command, and returns how many bytes suit it, at most CORE_PIECE_SIZE. */
guint oracle_data_fill(OracleProgram *program, guint8 code, guint8 *piece);

/* The parameters of DEFINE EXTENT and LOCATE RECORD for whole tracks, nothing about them unusual. */
void oracle_data_put_extent(guint8 *de, guint32 first, guint32 last);
void oracle_data_put_locate(guint8 *lr, guint8 operation, guint8 count, guint32 track);
