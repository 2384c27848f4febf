/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hash tables whose keys are numbers that a client chooses. */
#pragma once

#include <glib.h>

/**
 * ccw_hash_number:
 * @key: a number, made by GUINT_TO_POINTER
 *
 * Hashes with a factor that is random for each process, for g_hash_table_new() with NULL as the comparison. A client
 * cannot choose numbers that collide, which would take quadratic time.
 */
guint ccw_hash_number(gconstpointer key);
