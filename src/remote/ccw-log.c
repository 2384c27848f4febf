/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-log.h"

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
