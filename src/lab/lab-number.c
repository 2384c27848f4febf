/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-number.h"

#include <errno.h>
#include <stdlib.h>

int lab_strtoul(const char *text, guint base, gulong *ret_value)
{
    gboolean hex = text[text[0] == '+'] == '0' && g_ascii_tolower(text[1 + (text[0] == '+')]) == 'x';
    char *end = NULL;
    guint64 value;

    /* kstrtoul() rejects blanks and a minus, which strtoull() accepts. */
    if (!g_ascii_isxdigit(text[text[0] == '+']))
        return EINVAL;
    if (hex && !g_ascii_isxdigit(text[2 + (text[0] == '+')]))
        return EINVAL;
    errno = 0;
    value = g_ascii_strtoull(text, &end, base);
    if (end == text || (*end && !(*end == '\n' && !end[1])))
        return EINVAL;
    if (errno == ERANGE || value > G_MAXULONG)
        return ERANGE;
    *ret_value = value;
    return 0;
}
