/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of a program on both sides, and the words for a difference: those that the list of known differences has.
 */
#pragma once

#include "oracle-core.h"

/*
 * NULL if all is the same, else "COMMAND DOMAIN OURS THEIRS" of the command at which the first difference shows
 * (g_free): COMMAND  its code DOMAIN   the operation of the locate record that it is behind, "-" without one OURS,
 * THEIRS "on" where the program went on, else how it ended there: DSTAT/CSTAT, in a unit check with sense bytes 0, 1
 *            and 7, DSTAT/CSTAT/S0S1/S7. Where this is equal, what differs follows: data,
 *            residual, image or address (of the CCW)
 */
char *compare_slots(const guint8 *ours, const guint8 *theirs, guint32 address, gboolean same_image);

/* The program of a slot for a reader, with both its ends. */
char *compare_describe(const guint8 *ours, const guint8 *theirs, guint32 address);
