/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hash tables whose keys are numbers that a client chooses. */
#pragma once

#include <glib.h>

/*
 * ccw_hash_number:
 * @key: a number, as of GUINT_TO_POINTER
 *
 * Hashes with a random factor of this process. So a client cannot choose numbers that meet in one place of the table,
 * which would take quadratic time. For g_hash_table_new, with NULL for the comparison.
 *
 * Returns: the hash.
 */
guint ccw_hash_number(gconstpointer key);
