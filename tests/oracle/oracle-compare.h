/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of a program on both sides, and the words for a difference: those that the list of known differences has.
 */
#pragma once

#include "oracle-core.h"

/*
 * NULL if all is the same, else "COMMAND BEHIND DOMAIN OURS THEIRS WHAT" of the command at which the first difference
 * shows (g_free):
 *   COMMAND  its code, with a + if its data is chained
 *   BEHIND   the codes of the commands before it, with points between them, "-" for none
 *   DOMAIN   the operation of the locate record that it is behind, "-" without one
 *   OURS,    "on" where the program went on, else how it ended there: DSTAT/CSTAT, in a unit check with sense bytes 0,
 *   THEIRS   1 and 7, DSTAT/CSTAT/S0S1/S7
 *   WHAT     "-" if these two differ; else data, residual, image or address (of the CCW)
 */
char *compare_slots(const guint8 *ours, const guint8 *theirs, guint32 address, gboolean same_image);

/* The same without what stands before the command: the kind of a difference (g_free). */
char *compare_kind(const char *difference);

/* The program of a slot for a reader, with both its ends. */
char *compare_describe(const guint8 *ours, const guint8 *theirs, guint32 address);
