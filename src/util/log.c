/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

/* Counts a line. Returns FALSE if it exceeds the limit. *ret_dropped: how many lines before it were dropped. */
static gboolean count_line(CcwLogLimit *limit, guint *ret_dropped)
{
    gint64 now = g_get_monotonic_time();
    gboolean is_allowed;

    g_mutex_lock(&limit->lock);
    if (!limit->since || now - limit->since >= CCW_LOG_SECONDS * G_TIME_SPAN_SECOND) {
        limit->since = now;
        limit->lines = 0;
    }
    is_allowed = limit->lines < CCW_LOG_LINES_MAX;
    *ret_dropped = is_allowed ? limit->dropped : 0;
    if (is_allowed) {
        limit->lines++;
        limit->dropped = 0;
    } else {
        limit->dropped++;
    }
    g_mutex_unlock(&limit->lock);
    return is_allowed;
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

gboolean ccw_log_is_ours(const GLogField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++)
        if (g_strcmp0(fields[i].key, "GLIB_DOMAIN") == 0)
            return FALSE;
    return TRUE;
}

static gboolean is_our_info(GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
    return (level & G_LOG_LEVEL_MASK) == G_LOG_LEVEL_INFO && ccw_log_is_ours(fields, n_fields);
}

GLogWriterOutput ccw_log_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    if (!is_our_info(level, fields, n_fields))
        return g_log_writer_default(level, fields, n_fields, data);
    if (g_log_writer_is_journald(fileno(stderr)))
        return g_log_writer_journald(level, fields, n_fields, data);
    return g_log_writer_standard_streams(level, fields, n_fields, data);
}

GLogWriterOutput ccw_log_writer_journal(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    g_autofree GLogField *all = NULL;
    g_autofree char *program = NULL;

    if (!is_our_info(level, fields, n_fields))
        return g_log_writer_default(level, fields, n_fields, data);
    /* Without the command, which the name of "virt-ccw hook" has. */
    program = g_strndup(g_get_prgname(), strcspn(g_get_prgname(), " "));
    all = g_new(GLogField, n_fields + 1);
    memcpy(all, fields, n_fields * sizeof(*fields));
    all[n_fields] = (GLogField){ .key = "SYSLOG_IDENTIFIER", .value = program, .length = -1 };
    g_log_writer_journald(level, all, n_fields + 1, data);
    return G_LOG_WRITER_HANDLED;
}
