/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines that clients cause. */
#include "util/log.h"

static guint written;

static GLogWriterOutput count(GLogLevelFlags level G_GNUC_UNUSED, const GLogField *fields G_GNUC_UNUSED,
                              gsize n G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    written++;
    return G_LOG_WRITER_HANDLED;
}

static void log_some(CcwLogLimit *limit)
{
    for (guint i = 0; i < 10 * CCW_LOG_LINES_MAX; i++)
        ccw_log_limited(limit, G_LOG_LEVEL_MESSAGE, "client %u does it again", i);
}

/*
 * Log lines of one kind do not suppress those of another. After some time, more are allowed, with the number of dropped
 * ones.
 */
static void limited(void)
{
    static CcwLogLimit one, other;

    log_some(&one);
    g_assert_cmpuint(written, ==, CCW_LOG_LINES_MAX);
    log_some(&other);
    g_assert_cmpuint(written, ==, 2 * CCW_LOG_LINES_MAX);
    g_assert_cmpuint(one.dropped, ==, 9 * CCW_LOG_LINES_MAX);
    one.since -= CCW_LOG_SECONDS * G_TIME_SPAN_SECOND;
    ccw_log_limited(&one, G_LOG_LEVEL_MESSAGE, "and again");
    g_assert_cmpuint(written, ==, 2 * CCW_LOG_LINES_MAX + 1);
    g_assert_cmpuint(one.dropped, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /*
     * This replaces the handler of g_test_init(): that of newer GLib prints a message itself, and does not call the
     * writer.
     */
    g_log_set_default_handler(g_log_default_handler, NULL);
    g_log_set_writer_func(count, NULL, NULL);
    g_test_add_func("/util/log/limited", limited);
    return g_test_run();
}
