/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the allocations of a test's process, by standing in for the C library's allocator. Link allocations.c. */
#pragma once

#include <glib.h>

/* Returns FALSE, and skips the test, where a sanitizer or another C library has its own allocator. */
gboolean allocations_are_counted(void);

gint allocations_count(void);
