/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers belong to the thread's own context: another thread may run the default one. */
#include "util/timer.h"

#define LONG_MS (60 * 60 * 1000)

static gboolean count(gpointer data)
{
    (*(guint *)data)++;
    return G_SOURCE_REMOVE;
}

static void run_until(GMainContext *context, const guint *calls, guint wanted)
{
    while (*calls < wanted)
        g_main_context_iteration(context, TRUE);
}

static void test_own_context(void)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new(context);
    guint calls = 0;

    g_assert_cmpuint(ccw_timer_add(0, count, &calls), !=, 0);
    g_assert_cmpuint(ccw_timer_add(1, count, &calls), !=, 0);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(calls, ==, 0);
    run_until(context, &calls, 2);
    g_assert_false(g_main_context_iteration(context, FALSE));
}

static void test_default_context(void)
{
    guint calls = 0;

    ccw_timer_add(1, count, &calls);
    run_until(NULL, &calls, 1);
}

static void test_remove(void)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new(context);
    guint calls = 0, removed = 0;
    guint timer = ccw_timer_add(0, count, &removed);

    g_clear_handle_id(&timer, ccw_timer_remove);
    g_assert_cmpuint(timer, ==, 0);
    ccw_timer_add(0, count, &calls);
    run_until(context, &calls, 1);
    g_assert_cmpuint(removed, ==, 0);
}

static void test_advance(void)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new(context);
    guint calls = 0;
    guint timer = ccw_timer_add(LONG_MS, count, &calls);

    ccw_timer_advance(timer, G_TIME_SPAN_MILLISECOND);
    g_assert_false(g_main_context_iteration(context, FALSE));
    ccw_timer_advance(timer, LONG_MS * (gint64)G_TIME_SPAN_MILLISECOND);
    run_until(context, &calls, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/timer/own-context", test_own_context);
    g_test_add_func("/util/timer/default-context", test_default_context);
    g_test_add_func("/util/timer/remove", test_remove);
    g_test_add_func("/util/timer/advance", test_advance);
    return g_test_run();
}
