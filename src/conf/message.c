/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/message.h"

#include "util/error.h"

#define EXCERPT_MAX 40 /* characters */

char *conf_excerpt(const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    gboolean cut = g_utf8_strlen(valid, -1) > EXCERPT_MAX;
    g_autofree char *head = cut ? g_utf8_substring(valid, 0, EXCERPT_MAX) : g_strdup(valid);

    for (char *p = head; *p; p++)
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    return g_strconcat(head, cut ? "..." : "", NULL);
}

static void G_GNUC_PRINTF(5, 0) set_error(const ConfXml *xml, const ConfXmlElement *element, CcwError code,
                                          GError **error, const char *format, va_list args)
{
    g_autofree char *message = g_strdup_vprintf(format, args);

    g_set_error(error, CCW_ERROR, (gint)code, "line %u: %s", conf_xml_line(xml, conf_xml_span(element)->start),
                message);
}

void conf_set_invalid(const ConfXml *xml, const ConfXmlElement *element, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_error(xml, element, CCW_ERROR_INVALID, error, format, args);
    va_end(args);
}

void conf_set_unsupported(const ConfXml *xml, const ConfXmlElement *element, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_error(xml, element, CCW_ERROR_UNSUPPORTED, error, format, args);
    va_end(args);
}
