/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the two results of a program, and describes a difference in the words of the list of known differences. */
#pragma once

#include "oracle-core.h"

/**
 * compare_slots:
 * @ours, @theirs: the slot after the program ran on each side
 * @same_image: the tracks of the program's window are the same on both sides
 *
 * Returns: NULL if both results are the same. Else "COMMAND BEHIND DOMAIN OURS THEIRS WHAT CHANNEL" of the command with
 * the first difference (free with g_free()):
 *   COMMAND  its code, with a + if its data is chained
 *   BEHIND   the codes of the commands before it, with points between them; "-" if it is the first
 *   DOMAIN   the operation of the last locate record before it; "-" without one
 *   OURS,    "on" if the program went on after the command; else how the program ended there: DSTAT/CSTAT, with a unit
 *   THEIRS   check also sense bytes 0, 1 and 7: DSTAT/CSTAT/S0S1/S7
 *   WHAT     "-" if OURS and THEIRS differ; else
 *            data
 *            residual/OURS/THEIRS: how many bytes of the last CCW each side took or gave, in a unit check of all
 *            CCWs of the command up to there; "all"; "none" of a count of 0
 *            image
 *            address/modifier, address/chained: of the status; Hercules adds a CCW that a status modifier skips, or the
 *            CCWs of chained data
 *            pci, suspended: the address of the last such interruption, or the number of suspensions
 *            stray: storage that no CCW names
 *   CHANNEL  what is special in the way that the channel gets the program, with points between; "-" without anything.
 *            Of the program: cpa (its address is not valid), format0, fetch (no prefetch), 64 or 64/2k (IDAWs),
 * suspend, ils, suppress (ORB). Of the CCWs of the command: ida, skip, pci, stop (the flag for a suspension), mida, bad
 * (an address or a chained count that is not valid). Before the command: tic. Of its parameters: the words of
 * oracle_fact()
 */
char *compare_slots(const guint8 *ours, const guint8 *theirs, gboolean same_image);

/**
 * compare_kind:
 *
 * Returns: the difference without the commands before it (free with g_free())
 */
char *compare_kind(const char *difference);

/**
 * compare_describe:
 *
 * Returns: the program of a slot and both results, for a reader (free with g_free())
 */
char *compare_describe(const guint8 *ours, const guint8 *theirs);
