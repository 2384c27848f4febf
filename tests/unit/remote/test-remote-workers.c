/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads: fair between users and clients, in order for each client, and never all of them for one user. */
#include <sys/resource.h>

#include "../main-loop.h"
#include "remote/workers.h"

#define DEADLINE (10 * G_TIME_SPAN_SECOND)
#define JOBS 40u

typedef struct {
    RemoteWorkers *workers;
    GMutex lock;
    GCond gate;
    gboolean open[3]; /* the first gate is always open */
    guint running;    /* jobs that wait at a gate, or pass it */
    GString *order;
    guint done;
    gboolean is_freed; /* the data of the work was freed */
} Fixture;

typedef struct {
    Fixture *fixture;
    char name;
    guint waits_at; /* the gate at which it waits */
    gint can_wait;
} Job;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    fixture->workers = remote_workers_new(NULL, &error);
    g_assert_no_error(error);
    g_mutex_init(&fixture->lock);
    g_cond_init(&fixture->gate);
    fixture->order = g_string_new(NULL);
    fixture->open[0] = TRUE;
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_clear_pointer(&fixture->workers, remote_workers_free);
    g_mutex_clear(&fixture->lock);
    g_cond_clear(&fixture->gate);
    g_string_free(fixture->order, TRUE);
}

static void work(gpointer data)
{
    const Job *job = data;
    Fixture *fixture = job->fixture;

    g_mutex_lock(&fixture->lock);
    g_string_append_c(fixture->order, job->name);
    fixture->running++;
    g_cond_broadcast(&fixture->gate);
    while (!fixture->open[job->waits_at])
        g_cond_wait(&fixture->gate, &fixture->lock);
    fixture->running--;
    g_mutex_unlock(&fixture->lock);
}

static void done(gpointer data)
{
    Job *job = data;

    job->fixture->done++;
    g_free(job);
}

static void push(Fixture *fixture, RemoteWorkKind kind, guint uid, guint client, char name, guint waits_at)
{
    Job *job = g_new0(Job, 1);

    *job = (Job){ fixture, name, waits_at };
    remote_workers_push(fixture->workers, kind, uid, GUINT_TO_POINTER(client), work, done, job);
}

static void open_gate(Fixture *fixture, guint gate)
{
    g_mutex_lock(&fixture->lock);
    fixture->open[gate] = TRUE;
    g_cond_broadcast(&fixture->gate);
    g_mutex_unlock(&fixture->lock);
}

/* Waits until this many jobs wait at the gate. */
static void wait_running(Fixture *fixture, guint count)
{
    gint64 until = g_get_monotonic_time() + DEADLINE;

    g_mutex_lock(&fixture->lock);
    while (fixture->running < count)
        g_assert_true(g_cond_wait_until(&fixture->gate, &fixture->lock, until));
    g_assert_cmpuint(fixture->running, ==, count);
    g_mutex_unlock(&fixture->lock);
}

typedef struct {
    const Fixture *fixture;
    guint count;
} Wanted;

static gboolean are_done(gpointer data)
{
    const Wanted *wanted = data;

    return wanted->fixture->done >= wanted->count;
}

static void wait_done(Fixture *fixture, guint count)
{
    Wanted wanted = { fixture, count };

    main_loop_wait(are_done, &wanted);
}

/* A user who fills the queue leaves threads to others, which serve them at once. root gets every free thread. */
static void per_user(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < JOBS; i++)
        push(fixture, REMOTE_WORK_HOST, 1000, i, 'a', 1);
    wait_running(fixture, 8);
    push(fixture, REMOTE_WORK_HOST, 1001, 1, 'b', 0);
    wait_done(fixture, 1);
    for (guint i = 0; i < JOBS; i++)
        push(fixture, REMOTE_WORK_HOST, 0, i, 'r', 1);
    wait_running(fixture, 16);
    g_assert_false(remote_workers_are_idle(fixture->workers, REMOTE_WORK_HOST));
    g_assert_true(remote_workers_are_idle(fixture->workers, REMOTE_WORK_PARSE));
    push(fixture, REMOTE_WORK_PARSE, 1000, 1, 'p', 0); /* other kinds of work continue */
    wait_done(fixture, 2);
    open_gate(fixture, 1);
    wait_done(fixture, 2 + 2 * JOBS);
    g_assert_true(remote_workers_are_idle(fixture->workers, REMOTE_WORK_HOST));
}

/* Very many users with slow work leave threads of every kind to root. Each user has fewer than their common maximum. */
static void root_is_served(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const guint for_others[REMOTE_WORK_KINDS] = {
        [REMOTE_WORK_LOOK_UP] = 3,
        [REMOTE_WORK_HOST] = 12,
        [REMOTE_WORK_CLOSE] = 6,
        [REMOTE_WORK_HANG_UP] = 3,
    };
    guint running = 0, jobs = 0;

    for (RemoteWorkKind kind = 0; kind < REMOTE_WORK_KINDS; kind++) {
        guint parsers = CLAMP(g_get_num_processors(), 3, 8);

        for (guint i = 0; i < JOBS; i++)
            push(fixture, kind, 1000 + i, i, 'a', 1);
        running += kind == REMOTE_WORK_PARSE ? parsers - MAX(parsers / 4, 1) : for_others[kind];
        wait_running(fixture, running);
        push(fixture, kind, 0, 0, 'r', 0);
        wait_done(fixture, kind + 1);
        jobs += JOBS + 1;
    }
    wait_running(fixture, running);
    open_gate(fixture, 1);
    wait_done(fixture, jobs);
}

/* A user with slow work of a kind leaves at least one thread of it to each next user. */
static void second_user_is_served(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    for (RemoteWorkKind kind = 0; kind < REMOTE_WORK_KINDS; kind++) {
        for (guint i = 0; i < JOBS; i++)
            push(fixture, kind, 1000, i, 'a', 1);
        push(fixture, kind, 1001, 1, 'b', 0);
        wait_done(fixture, kind + 1);
    }
    open_gate(fixture, 1);
    wait_done(fixture, REMOTE_WORK_KINDS * (JOBS + 1));
}

/* Waiting work is served in turns: of the users, of each user's clients, and in order for each client. */
static void in_turn(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    push(fixture, REMOTE_WORK_LOOK_UP, 1000, 9, '-', 1); /* the first of the two threads of this user, */
    push(fixture, REMOTE_WORK_LOOK_UP, 1000, 9, '-', 2); /* and the second one, which is free before the first */
    wait_running(fixture, 2);
    for (guint i = 0; i < 3; i++)
        push(fixture, REMOTE_WORK_LOOK_UP, 1000, 1, (char)('a' + i), 0);
    for (guint i = 0; i < 3; i++)
        push(fixture, REMOTE_WORK_LOOK_UP, 1000, 2, (char)('x' + i), 0);
    push(fixture, REMOTE_WORK_LOOK_UP, 1001, 3, 'o', 0);
    wait_done(fixture, 1); /* the other user did not wait for these */
    open_gate(fixture, 2);
    wait_done(fixture, 8);
    open_gate(fixture, 1);
    wait_done(fixture, 9);
    g_assert_cmpstr(fixture->order->str, ==, "--oaxbycz");
}

/* Returns whether the main loop is woken within this time. ret_timeout: how long it would wait itself. */
static gboolean is_woken(gint timeout, gint *ret_timeout)
{
    GMainContext *context = g_main_context_default();
    GPollFD fds[8];
    gint priority, count;

    g_assert_true(g_main_context_acquire(context));
    g_main_context_prepare(context, &priority);
    count = g_main_context_query(context, G_MAXINT, ret_timeout, fds, G_N_ELEMENTS(fds));
    g_assert_cmpint(count, <=, (gint)G_N_ELEMENTS(fds));
    g_main_context_release(context);
    return g_poll(fds, (guint)count, timeout) > 0;
}

/* A result without urgency wakes no thread, and is delivered soon all the same. */
static void bounded_wait(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    gint timeout;

    for (guint i = 0; i < 2; i++) {
        Job *job = g_new0(Job, 1);

        g_main_context_iteration(NULL, FALSE); /* a new source has woken the loop */
        *job = (Job){ fixture, 'p', 1, i == 0 };
        fixture->open[1] = FALSE;
        remote_workers_push_background(fixture->workers, REMOTE_WORK_PARSE, 0, NULL, work, done, job, &job->can_wait);
        wait_running(fixture, 1);
        g_assert_false(is_woken(0, &timeout));
        g_assert_cmpint(timeout, >, 0);
        g_assert_cmpint(timeout, <=, 10);
        open_gate(fixture, 1);
        do
            is_woken(0, &timeout);
        while (timeout != 0); /* until the result has arrived */
        g_assert_true(is_woken(i == 0 ? 0 : DEADLINE / G_TIME_SPAN_MILLISECOND, &timeout) == (i == 1));
        wait_done(fixture, i + 1);
        is_woken(0, &timeout);
        g_assert_cmpint(timeout, ==, -1);
    }
}

/* The limit of the address space must leave what a sanitizer or qemu-user, which runs the tests of s390x, needs. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__s390x__)
#define HAS_OWN_MEMORY 0
#else
#define HAS_OWN_MEMORY 1
#endif

/* If the workers cannot start because of a limit of threads, the start of virtccwd fails with an error. */
static void no_threads(void)
{
    const struct rlimit none = { 1 << 20, 1 << 20 }; /* too little for a stack */
    g_autoptr(GError) error = NULL;

    if (!HAS_OWN_MEMORY) {
        g_test_skip("the address space of this build cannot be limited");
    } else if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, DEADLINE, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
    } else {
        g_assert_cmpint(setrlimit(RLIMIT_AS, &none), ==, 0);
        g_assert_null(remote_workers_new(NULL, &error));
        g_assert_nonnull(strstr(error->message, "cannot start a worker thread"));
    }
}

static void note_freed(gpointer data)
{
    Fixture *fixture = data;

    g_mutex_lock(&fixture->lock);
    fixture->is_freed = TRUE;
    g_cond_broadcast(&fixture->gate);
    g_mutex_unlock(&fixture->lock);
}

static void not_called(gpointer data G_GNUC_UNUSED)
{
    g_assert_not_reached();
}

/* Work that does not end does not delay the stop. Its thread keeps the data of the work, and frees it at its end. */
static void stop_in_work(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const gint64 until = g_get_monotonic_time() + DEADLINE;
    Job job = { .fixture = fixture, .name = 'a', .waits_at = 1 };

    remote_workers_keep(fixture->workers, fixture, note_freed);
    remote_workers_push(fixture->workers, REMOTE_WORK_HOST, 1000, NULL, work, not_called, &job);
    wait_running(fixture, 1);
    g_assert_false(remote_workers_stop(fixture->workers, g_get_monotonic_time() + G_TIME_SPAN_MILLISECOND));
    g_clear_pointer(&fixture->workers, remote_workers_unref);
    g_mutex_lock(&fixture->lock);
    g_assert_false(fixture->is_freed);
    g_mutex_unlock(&fixture->lock);
    open_gate(fixture, 1);
    g_mutex_lock(&fixture->lock);
    while (!fixture->is_freed)
        g_assert_true(g_cond_wait_until(&fixture->gate, &fixture->lock, until));
    g_mutex_unlock(&fixture->lock);
}

/* Without work all threads end, and the caller has the last reference. */
static void stop_idle(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    remote_workers_keep(fixture->workers, fixture, note_freed);
    g_assert_true(remote_workers_stop(fixture->workers, g_get_monotonic_time() + DEADLINE));
    g_assert_false(fixture->is_freed);
    g_clear_pointer(&fixture->workers, remote_workers_unref);
    g_assert_true(fixture->is_freed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/remote/workers/per-user", Fixture, NULL, set_up, per_user, tear_down);
    g_test_add("/remote/workers/root", Fixture, NULL, set_up, root_is_served, tear_down);
    g_test_add("/remote/workers/second-user", Fixture, NULL, set_up, second_user_is_served, tear_down);
    g_test_add("/remote/workers/in-turn", Fixture, NULL, set_up, in_turn, tear_down);
    g_test_add("/remote/workers/stop-in-work", Fixture, NULL, set_up, stop_in_work, tear_down);
    g_test_add("/remote/workers/stop-idle", Fixture, NULL, set_up, stop_idle, tear_down);
    g_test_add("/remote/workers/bounded-wait", Fixture, NULL, set_up, bounded_wait, tear_down);
    g_test_add_func("/remote/workers/no-threads", no_threads);
    return g_test_run();
}
