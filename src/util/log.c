/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/log.h"

#include <stdio.h>
#include <unistd.h>

#include "util/error.h"

/* Counts a line. FALSE: it is over the limit. *ret_dropped: the lines that were dropped before it. */
static gboolean count_line(CcwLogLimit *limit, guint *ret_dropped)
{
    gint64 now = g_get_monotonic_time();
    gboolean may;

    g_mutex_lock(&limit->lock);
    if (!limit->since || now - limit->since >= CCW_LOG_SECONDS * G_TIME_SPAN_SECOND) {
        limit->since = now;
        limit->lines = 0;
    }
    may = limit->lines < CCW_LOG_LINES_MAX;
    *ret_dropped = may ? limit->dropped : 0;
    if (may) {
        limit->lines++;
        limit->dropped = 0;
    } else {
        limit->dropped++;
    }
    g_mutex_unlock(&limit->lock);
    return may;
}

void ccw_log_limited(CcwLogLimit *limit, GLogLevelFlags level, const char *format, ...)
{
    g_autofree char *message = NULL;
    guint dropped;
    va_list args;

    if (!count_line(limit, &dropped))
        return;
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (dropped)
        g_log(G_LOG_DOMAIN, level, "%s (%u more lines like this were dropped)", message, dropped);
    else
        g_log(G_LOG_DOMAIN, level, "%s", message);
}

char *ccw_log_shorten(const char *text, glong shown)
{
    g_autofree char *line = ccw_one_line(text);
    g_autofree char *start = NULL;

    if (g_utf8_strlen(line, -1) <= shown)
        return g_steal_pointer(&line);
    start = g_utf8_substring(line, 0, shown);
    return g_strconcat(start, "...", NULL);
}

GLogWriterOutput ccw_log_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    gboolean is_ours = TRUE; /* no library's: this program's messages have no domain */

    for (gsize i = 0; i < n_fields; i++)
        is_ours = is_ours && g_strcmp0(fields[i].key, "GLIB_DOMAIN") != 0;
    if (!is_ours || (level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_INFO)
        return g_log_writer_default(level, fields, n_fields, data);
    if (g_log_writer_is_journald(fileno(stderr)))
        return g_log_writer_journald(level, fields, n_fields, data);
    return g_log_writer_standard_streams(level, fields, n_fields, data);
}
