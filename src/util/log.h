/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines that clients cause: a client must not fill the journal. */
#pragma once

#include <glib.h>

#define CCW_LOG_LINES_MAX 20 /* of one kind, */
#define CCW_LOG_SECONDS 60   /* in that time */

/* One kind of line: static, and zero at first. */
typedef struct {
    GMutex lock;
    gint64 since;
    guint lines;
    guint dropped;
} CcwLogLimit;

/*
 * ccw_log_limited:
 * @limit: the limit of this kind of line
 *
 * Logs a line, unless CCW_LOG_LINES_MAX lines of its kind were logged in the last CCW_LOG_SECONDS. The first line after
 * that says how many lines were dropped. For any thread.
 */
void ccw_log_limited(CcwLogLimit *limit, GLogLevelFlags level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A text on one line, and not longer than that many characters: a client may have chosen it. */
char *ccw_log_shorten(const char *text, glong shown);

/*
 * ccw_log_writer:
 *
 * A GLogWriterFunc that shows what GLib's own shows, and the info level of this program's messages too. A library's
 * info lines stay hidden.
 */
GLogWriterOutput ccw_log_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data);
