/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/hash.h"

guint ccw_hash_number(gconstpointer key)
{
    static gsize factor = 0;

    if (g_once_init_enter(&factor))
        g_once_init_leave(&factor, (gsize)g_random_int() | 1);
    return (guint)((guint64)GPOINTER_TO_UINT(key) * factor >> 16);
}
