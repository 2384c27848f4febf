/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients can write into the log is limited, and what was dropped is counted. */
#include "remote/ccw-log.h"

static guint lines;

static void count(const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED,
                  const char *message G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    lines++;
}

static void burst(void)
{
    guint handler = g_log_set_handler(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, count, NULL);

    for (guint i = 0; i < 100000; i++)
        ccw_log_client(G_LOG_LEVEL_MESSAGE, "process %u is not let in", i);
    /* However slow the machine is, a period is long enough for far more of them than a burst. */
    g_assert_cmpuint(lines, >=, CCW_LOG_BURST);
    g_assert_cmpuint(lines, <=, 10 * CCW_LOG_BURST);
    g_log_remove_handler(G_LOG_DOMAIN, handler);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/log/burst", burst);
    return g_test_run();
}
