/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which waiting clients are served. */
#include <sys/socket.h>
#include <unistd.h>

#include "../sockets.h"
#include "remote/queue.h"

#define CLIENTS 8u

/* The clients are these letters. */
typedef struct {
    RpcPoll *poll;
    RemoteQueue *queue;
    int fds[CLIENTS][2];
    RemoteQueued *places[CLIENTS];
    GString *served; /* in the order of service */
    GString *gone;
    uid_t full; /* clients of this user do not fit */
} Fixture;

/* The queue whose callbacks these are. */
static Fixture *current;
static const char letters[] = "abcdefgh";

static guint index_of(gpointer client)
{
    return (guint)((const char *)client - letters);
}

static void gone(gpointer client)
{
    g_string_append_c(current->gone, *(const char *)client);
    current->places[index_of(client)] = NULL;
}

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    current = fixture;
    fixture->poll = rpc_poll_new(NULL, NULL);
    fixture->queue = remote_queue_new(fixture->poll, gone);
    fixture->served = g_string_new(NULL);
    fixture->gone = g_string_new(NULL);
    fixture->full = (uid_t)-1;
    for (guint i = 0; i < CLIENTS; i++)
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fixture->fds[i]), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    while (remote_queue_remove_any(fixture->queue))
        ;
    g_assert_true(remote_queue_is_empty(fixture->queue));
    remote_queue_free(fixture->queue);
    rpc_poll_free(fixture->poll);
    for (guint i = 0; i < CLIENTS; i++) {
        close(fixture->fds[i][0]);
        if (fixture->fds[i][1] >= 0)
            close(fixture->fds[i][1]);
    }
    g_string_free(fixture->served, TRUE);
    g_string_free(fixture->gone, TRUE);
}

/* Adds a client for each digit, which is its user. */
static void add(Fixture *fixture, const char *users)
{
    for (guint i = 0; users[i]; i++)
        fixture->places[i] =
            remote_queue_add(fixture->queue, (uid_t)(users[i] - '0'), fixture->fds[i][0], (gpointer)&letters[i]);
}

static uid_t users_of[CLIENTS];

static gboolean serve(gpointer client)
{
    guint i = index_of(client);

    if (users_of[i] == current->full)
        return FALSE;
    g_string_append_c(current->served, *(const char *)client);
    remote_queue_remove(g_steal_pointer(&current->places[i]));
    return TRUE;
}

static void serve_all(Fixture *fixture, const char *users)
{
    for (guint i = 0; users[i]; i++)
        users_of[i] = (uid_t)(users[i] - '0');
    while (remote_queue_serve(fixture->queue, serve))
        ;
}

static void order(Fixture *fixture, gconstpointer data)
{
    const char *const *texts = data;

    add(fixture, texts[0]);
    serve_all(fixture, texts[0]);
    g_assert_cmpstr(fixture->served->str, ==, texts[1]);
    g_assert_true(remote_queue_is_empty(fixture->queue));
}

/* The clients of one user, who has no memory left, do not keep others from being served. */
static void share_used_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add(fixture, "11121");
    fixture->full = 1;
    serve_all(fixture, "11121");
    g_assert_cmpstr(fixture->served->str, ==, "d");
    g_assert_false(remote_queue_is_empty(fixture->queue));
    fixture->full = 2;
    serve_all(fixture, "11121");
    g_assert_cmpstr(fixture->served->str, ==, "dabce");
}

/* A client that leaves is removed from the middle of the queue. The user of the last client is removed, too. */
static void hang_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add(fixture, "1112");
    for (guint i = 1; i < 4; i += 2) {
        close(fixture->fds[i][1]);
        fixture->fds[i][1] = -1;
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(fixture->gone->len, ==, 2);
    serve_all(fixture, "1112");
    g_assert_cmpstr(fixture->served->str, ==, "ac");
}

int main(int argc, char **argv)
{
    static const char *const one_user[] = { "1111", "abcd" };
    static const char *const turns[] = { "1112233", "adfbegc" };
    static const char *const root_first[] = { "11200", "deacb" };

    g_test_init(&argc, &argv, NULL);
#define ADD(name, data, func) g_test_add("/remote/queue/" name, Fixture, data, set_up, func, tear_down)
    ADD("one-user", one_user, order);
    ADD("turns", turns, order);
    ADD("root-first", root_first, order);
    ADD("share-used-up", NULL, share_used_up);
    ADD("hang-up", NULL, hang_up);
    return g_test_run();
}
