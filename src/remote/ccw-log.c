/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-log.h"

static GMutex lock; /* of what follows */
static gint64 period_end;
static guint in_period;
static guint dropped;

/* *ret_dropped: how many were dropped before this one. */
static gboolean may_log(guint *ret_dropped)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    gint64 now = g_get_monotonic_time();

    if (now >= period_end) {
        period_end = now + CCW_LOG_PERIOD;
        in_period = 0;
    }
    if (in_period >= CCW_LOG_BURST) {
        dropped++;
        return FALSE;
    }
    in_period++;
    *ret_dropped = dropped;
    dropped = 0;
    return TRUE;
}

void ccw_log_client(GLogLevelFlags level, const char *format, ...)
{
    g_autofree char *message = NULL;
    guint missing = 0;
    va_list args;

    if (!may_log(&missing))
        return;
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (missing)
        g_log(G_LOG_DOMAIN, level, "%s (%u messages about clients were not logged before this one)", message, missing);
    else
        g_log(G_LOG_DOMAIN, level, "%s", message);
}
