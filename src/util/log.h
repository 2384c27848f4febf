/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits log lines that clients cause: a client must not fill the system's log. */
#pragma once

#include <glib.h>

#define CCW_LOG_LINES_MAX 20 /* lines of one kind in CCW_LOG_SECONDS */
#define CCW_LOG_SECONDS 60

/* The limit of one kind of line. Declare it static: it starts with zeros. */
typedef struct {
    GMutex lock;
    gint64 since;
    guint lines;
    guint dropped;
} CcwLogLimit;

/**
 * ccw_log_limited:
 * @limit: the limit of this kind of line
 *
 * Logs a line, unless CCW_LOG_LINES_MAX lines of its kind were logged in the last CCW_LOG_SECONDS. The next line after
 * that says how many lines were dropped. Any thread may call this function.
 */
void ccw_log_limited(CcwLogLimit *limit, GLogLevelFlags level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * ccw_log_shorten:
 * @text: a client may have chosen it
 * @shown: the most characters to keep
 *
 * Returns: the text on one line (ccw_one_line()), cut with "..." if it is longer; free with g_free
 */
char *ccw_log_shorten(const char *text, glong shown);

/* Returns: whether this program logs the message. Messages of libraries have a domain. */
gboolean ccw_log_is_ours(const GLogField *fields, gsize n_fields);

/**
 * ccw_log_writer:
 *
 * A GLogWriterFunc that shows the messages which GLib's default writer shows, and also the info level of this program.
 * The info level of libraries stays hidden.
 */
GLogWriterOutput ccw_log_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data);

/**
 * ccw_log_writer_journal:
 *
 * A GLogWriterFunc for a process whose standard error no log has, such as libvirt's hook: it sends the info level of
 * this program to systemd's journal, with the program's name as SYSLOG_IDENTIFIER. Where there is no journal it drops
 * this level. It treats all other levels as GLib's default writer does.
 */
GLogWriterOutput ccw_log_writer_journal(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data);
