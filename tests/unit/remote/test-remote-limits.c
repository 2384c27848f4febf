/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shares of one user and of all users, and the callbacks of those who wait for memory. */
#include "remote/limits.h"
#include "rpc/wire.h"
#include "util/error.h"

#define MIB (1024u * 1024)

/* Returns how many clients of that user are accepted, at most 10,000; keeps the user in *ret_user. */
static guint fill(RemoteLimits *limits, uid_t uid, RemoteUser **ret_user)
{
    guint count = 0;

    while (count < 10000) {
        g_autoptr(GError) error = NULL;
        RemoteUser *user = remote_limits_add_client(limits, uid, &error);

        if (!user) {
            g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
            break;
        }
        *ret_user = user;
        count++;
    }
    return count;
}

static void empty(RemoteUser *user, guint count)
{
    for (guint i = 0; i < count; i++)
        remote_user_remove_client(user);
}

/* One user gets a quarter, all users but root three quarters. */
static void clients(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, 0, 5000, 0, 20);
    guint counts[5];
    RemoteUser *users[5];

    for (guint i = 1; i < 5; i++)
        counts[i] = fill(limits, 1000 + i, &users[i]);
    g_assert_cmpuint(counts[1], ==, 1250);
    g_assert_cmpuint(counts[2], ==, 1250);
    g_assert_cmpuint(counts[3], ==, 1250);
    g_assert_cmpuint(counts[4], ==, 0);
    counts[0] = fill(limits, 0, &users[0]);
    g_assert_cmpuint(counts[0], ==, 1250);
    g_assert_cmpuint(remote_limits_clients(limits), ==, remote_limits_max_clients(limits));
    for (guint i = 0; i < 4; i++)
        empty(users[i], counts[i]);
    g_assert_cmpuint(remote_limits_clients(limits), ==, 0);
}

/* With few descriptors there are few clients: those that virtccwd needs for itself stay free. */
static void few_fds(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 256, 0, 5000, 0, 20);
    RemoteUser *user = NULL, *root = NULL;
    guint count = fill(limits, 1000, &user);
    guint roots = fill(limits, 0, &root);

    g_assert_cmpuint(count, ==, 8);
    g_assert_cmpuint((count + roots) * 2 + (256 - REMOTE_RESERVED_FDS) / 2, <=, 256 - REMOTE_RESERVED_FDS);
    g_assert_true(remote_user_has_fd_room(user, RPC_FRAME_FDS_MAX));
    remote_user_charge(user, 0, 1);
    g_assert_false(remote_user_has_fd_room(user, RPC_FRAME_FDS_MAX));
    remote_user_charge(user, 0, -1);
    empty(user, count);
    empty(root, roots);
}

static void setting(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, 0, 100, 60, 20);
    RemoteUser *user = NULL;
    guint count = fill(limits, 1000, &user);

    g_assert_cmpuint(count, ==, 60);
    empty(user, count);
}

static void logins(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, 0, 5000, 0, 20);
    RemoteUser *users[6];
    guint count[6] = { 0 };

    for (guint i = 0; i < 6; i++)
        users[i] = remote_limits_add_client(limits, i ? 1000 + i : 0, NULL);
    for (guint i = 1; i < 6; i++)
        while (remote_user_begin_login(users[i]))
            count[i]++;
    g_assert_cmpuint(count[1], ==, 5);
    g_assert_cmpuint(count[1] + count[2] + count[3] + count[4] + count[5], ==, 15);
    for (; count[0] < 30; count[0]++)
        g_assert_true(remote_user_begin_login(users[0]));
    for (guint i = 0; i < 6; i++) {
        while (count[i]-- > 0)
            remote_user_end_login(users[i]);
        remote_user_remove_client(users[i]);
    }
}

static void bytes(void)
{
    static const guint64 memory[] = { 0, 512 * MIB, 16 * MIB };
    static const gsize share[] = { 64 * MIB, 16 * MIB, 8 * MIB };

    for (gsize i = 0; i < G_N_ELEMENTS(memory); i++) {
        g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, memory[i], 5000, 0, 20);
        RemoteUser *user = remote_limits_add_client(limits, 1000, NULL);

        g_assert_true(remote_user_has_room(user, share[i]));
        g_assert_false(remote_user_has_room(user, share[i] + 64));
        remote_user_charge(user, (gssize)share[i], 0);
        g_assert_false(remote_user_has_room(user, 64));
        remote_user_charge(user, -(gssize)share[i], 0);
        remote_user_remove_client(user);
    }
}

typedef struct {
    RemoteLimits *limits;
    guint calls;
    gboolean again;
} Waiting;

static void on_room(gpointer data)
{
    Waiting *waiting = data;

    waiting->calls++;
    if (waiting->again)
        remote_limits_wait(waiting->limits, on_room, waiting);
}

static void give_room(RemoteUser *user)
{
    remote_user_charge(user, 1, 0);
    remote_user_charge(user, -1, 0);
}

/* Each waiting client is called once, unless its wait has ended, and may wait again. */
static void waits(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, 0, 5000, 0, 20);
    RemoteUser *user = remote_limits_add_client(limits, 1000, NULL);
    Waiting once = { limits, 0, FALSE }, again = { limits, 0, TRUE }, never = { limits, 0, FALSE };

    remote_limits_wait(limits, on_room, &once);
    remote_limits_wait(limits, on_room, &again);
    remote_limits_wait(limits, on_room, &never);
    remote_limits_stop_waiting(limits, &never);
    give_room(user);
    while (again.calls < 1)
        g_main_context_iteration(NULL, TRUE);
    give_room(user);
    while (again.calls < 2)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(once.calls, ==, 1);
    g_assert_cmpuint(never.calls, ==, 0);
    remote_limits_stop_waiting(limits, &again);
    remote_user_remove_client(user);
}

static void count_end(gpointer data)
{
    ++*(guint *)data;
}

static gboolean set_true(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Runs the main loop until a timer that began later than that of remote_user_lacks_room() has expired. */
static void wait_reclaimed(void)
{
    gboolean has_run = FALSE;

    g_timeout_add(20, set_true, &has_run);
    while (!has_run)
        g_main_context_iteration(NULL, TRUE);
}

/* When another user lacks memory, a client that has held bytes for 30 s ends. One with progress, and root's, stay. */
static void holders(void)
{
    g_autoptr(RemoteLimits) limits = remote_limits_new(NULL, 65536, 0, 5000, 0, 20);
    const uid_t uids[] = { 1000, 1001, 0 };
    RemoteUser *users[G_N_ELEMENTS(uids)];
    guint ends[G_N_ELEMENTS(uids)] = { 0 };

    for (guint i = 0; i < G_N_ELEMENTS(uids); i++) {
        users[i] = remote_limits_add_client(limits, uids[i], NULL);
        remote_user_watch_progress(users[i], 1, count_end, &ends[i]);
    }
    remote_limits_pass_time(limits, 25 * G_TIME_SPAN_SECOND);
    remote_user_watch_progress(users[1], 2, count_end, &ends[1]);
    remote_user_lacks_room(users[2], 1);
    wait_reclaimed();
    g_assert_cmpuint(ends[0], ==, 0);
    remote_limits_pass_time(limits, 5 * G_TIME_SPAN_SECOND);
    remote_user_lacks_room(users[2], 1);
    wait_reclaimed();
    g_assert_cmpuint(ends[0], ==, 1);
    g_assert_cmpuint(ends[1], ==, 0);
    g_assert_cmpuint(ends[2], ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(uids); i++) {
        remote_user_unwatch_progress(users[i], &ends[i]);
        remote_user_remove_client(users[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/limits/clients", clients);
    g_test_add_func("/remote/limits/few-fds", few_fds);
    g_test_add_func("/remote/limits/setting", setting);
    g_test_add_func("/remote/limits/logins", logins);
    g_test_add_func("/remote/limits/bytes", bytes);
    g_test_add_func("/remote/limits/waits", waits);
    g_test_add_func("/remote/limits/holders", holders);
    return g_test_run();
}
