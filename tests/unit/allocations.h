/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what a test's process allocates: the C library's allocator is stood in for. Link allocations.c. */
#pragma once

#include <glib.h>

/* FALSE, and the test is skipped, where a sanitizer or another C library has its own allocator. */
gboolean allocations_are_counted(void);

gint allocations_count(void);
