/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses numbers as the kernel parses a write to an attribute. */
#pragma once

#include <glib.h>

/**
 * lab_strtoul: Parses an unsigned number as the kernel's kstrtoul() does.
 * @base: 10 or 16; 0 reads the prefixes 0x and 0 as C does
 * @ret_value: written on success only
 *
 * Returns: 0, EINVAL or ERANGE.
 */
int lab_strtoul(const char *text, guint base, gulong *ret_value);
