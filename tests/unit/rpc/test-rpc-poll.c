/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watches that one turn calls. */
#include "rpc/poll.h"

#include <unistd.h>

#define MANY 40u
#define TURNS 100u

/* A descriptor that can always be read: the byte in its pipe stays. */
typedef struct {
    int ends[2];
    RpcPollWatch *watch;
    guint calls;
} Busy;

static void on_event(guint32 events, gpointer data)
{
    g_assert_cmpuint(events, ==, EPOLLIN);
    ((Busy *)data)->calls++;
}

static void busy_start(RpcPoll *poll, Busy *busy, guint group)
{
    g_assert_cmpint(pipe(busy->ends), ==, 0);
    g_assert_cmpint(write(busy->ends[1], "", 1), ==, 1);
    busy->calls = 0;
    busy->watch = rpc_poll_add(poll, busy->ends[0], EPOLLIN, on_event, busy);
    rpc_poll_set_group(busy->watch, group);
}

static void busy_end(Busy *busy)
{
    rpc_poll_remove(busy->watch);
    close(busy->ends[0]);
    close(busy->ends[1]);
}

static guint count_calls(const Busy *busy, guint n)
{
    guint calls = 0;

    for (guint i = 0; i < n; i++)
        calls += busy[i].calls;
    return calls;
}

static void assert_equal_shares(const Busy *busy, guint n)
{
    guint calls = count_calls(busy, n);

    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(busy[i].calls, >=, calls / n);
        g_assert_cmpuint(busy[i].calls, <=, calls / n + 1);
    }
}

/*
 * Each turn calls only some of a group's watches, in order, and also those of another group and those without a group.
 */
static void test_groups(void)
{
    g_autoptr(RpcPoll) poll = rpc_poll_new(NULL, NULL);
    Busy of_one[MANY], of_other, of_none;

    for (guint i = 0; i < MANY; i++)
        busy_start(poll, &of_one[i], 1);
    busy_start(poll, &of_other, 2);
    busy_start(poll, &of_none, 0);
    for (guint i = 0; i < TURNS; i++)
        g_assert_true(g_main_context_iteration(NULL, FALSE));
    g_assert_cmpuint(of_none.calls, ==, TURNS);
    g_assert_cmpuint(of_other.calls, ==, TURNS);
    g_assert_cmpuint(count_calls(of_one, MANY), <=, TURNS * MANY / 4);
    assert_equal_shares(of_one, MANY);
    for (guint i = 0; i < MANY; i++)
        busy_end(&of_one[i]);
    busy_end(&of_other);
    busy_end(&of_none);
}

/* Each turn calls all watches without a group. */
static void test_no_group(void)
{
    g_autoptr(RpcPoll) poll = rpc_poll_new(NULL, NULL);
    Busy busy[MANY];

    for (guint i = 0; i < MANY; i++) {
        busy_start(poll, &busy[i], 1);
        rpc_poll_set_group(busy[i].watch, 0);
    }
    for (guint i = 0; i < TURNS; i++)
        g_assert_true(g_main_context_iteration(NULL, FALSE));
    for (guint i = 0; i < MANY; i++) {
        g_assert_cmpuint(busy[i].calls, ==, TURNS);
        busy_end(&busy[i]);
    }
}

/* A watch may remove the others in the middle of a turn. */
static Busy all[MANY];

static void remove_others(guint32 events G_GNUC_UNUSED, gpointer data)
{
    for (guint i = 0; i < MANY; i++)
        if (&all[i] != data && all[i].watch)
            g_clear_pointer(&all[i].watch, rpc_poll_remove);
}

static void test_remove(void)
{
    g_autoptr(RpcPoll) poll = rpc_poll_new(NULL, NULL);

    for (guint i = 0; i < MANY; i++) {
        busy_start(poll, &all[i], 0);
        rpc_poll_remove(all[i].watch);
        all[i].watch = rpc_poll_add(poll, all[i].ends[0], EPOLLIN, remove_others, &all[i]);
        rpc_poll_set_group(all[i].watch, 1 + i % 3);
    }
    for (guint i = 0; i < TURNS; i++)
        g_assert_true(g_main_context_iteration(NULL, FALSE));
    for (guint i = 0; i < MANY; i++) {
        g_clear_pointer(&all[i].watch, rpc_poll_remove);
        close(all[i].ends[0]);
        close(all[i].ends[1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/poll/groups", test_groups);
    g_test_add_func("/rpc/poll/no-group", test_no_group);
    g_test_add_func("/rpc/poll/remove", test_remove);
    return g_test_run();
}
