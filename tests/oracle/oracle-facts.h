/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is unusual in the parameters of a command, for the list of known differences: a command that the device rejects
 * without such a reason is a difference that is not known.
 */
#pragma once

#include <glib.h>

/**
 * oracle_fact:
 * @command: index of its CCW
 *
 * Returns: extent (heads, cylinders or order of a DEFINE EXTENT that no volume has, or cache fast write), sector
 * (beyond the track), ones (a count field of ones), large (a record of more than 1 KiB), zero (a search without a
 * count), intercept (the order of PERFORM SUBSYSTEM FUNCTION); NULL for none
 */
const char *oracle_fact(const guint8 *slot, guint command);
