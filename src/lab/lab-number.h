/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as the kernel reads them from what is written to an attribute. */
#pragma once

#include <glib.h>

/* kstrtoul(): 0, EINVAL or ERANGE. base 0 reads 0x and 0 as C does. */
int lab_strtoul(const char *text, guint base, gulong *ret_value);
