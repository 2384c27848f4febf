/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/error.h"

#include <errno.h>

GQuark ccw_error_quark(void)
{
    return g_quark_from_static_string("ccw-error-quark");
}

static const struct {
    int errnum;
    CcwError code;
} errno_codes[] = {
    { ENOENT, CCW_ERROR_NOT_FOUND },
    { EACCES, CCW_ERROR_DENIED },
    { EPERM, CCW_ERROR_DENIED },
    { EBUSY, CCW_ERROR_BUSY },
};

void ccw_error_set_errno(GError **error, int errnum, const char *format, ...)
{
    g_autofree char *message = NULL;
    CcwError code = CCW_ERROR_SYSTEM;
    va_list args;

    for (gsize i = 0; i < G_N_ELEMENTS(errno_codes); i++)
        if (errno_codes[i].errnum == errnum)
            code = errno_codes[i].code;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CCW_ERROR, code, "%s: %s", message, g_strerror(errnum));
}

char *ccw_one_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_new(NULL);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '\n' || c == '\r' || c == '\t')
            c = ' ';
        else if (c == 0xfffd || g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT)
            c = '?';
        g_string_append_unichar(line, c);
    }
    return g_string_free(line, FALSE);
}
