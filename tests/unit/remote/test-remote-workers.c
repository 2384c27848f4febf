/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker threads: fair between users and clients, in order within a client, and never all of them for one user. */
#include <sys/resource.h>

#include "remote/workers.h"

#define DEADLINE (10 * G_TIME_SPAN_SECOND)
#define JOBS 40u

typedef struct {
    CcwWorkers *workers;
    GMutex lock;
    GCond gate;
    gboolean open[3]; /* gates; the first one always is */
    guint running;    /* jobs at a gate, or passing it */
    GString *order;
    guint done;
} Fixture;

typedef struct {
    Fixture *fixture;
    char name;
    guint waits_at; /* a gate */
    gint can_wait;
} Job;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    fixture->workers = ccw_workers_new(NULL, &error);
    g_assert_no_error(error);
    g_mutex_init(&fixture->lock);
    g_cond_init(&fixture->gate);
    fixture->order = g_string_new(NULL);
    fixture->open[0] = TRUE;
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    ccw_workers_free(fixture->workers);
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

static void push(Fixture *fixture, CcwWorkKind kind, guint uid, guint client, char name, guint waits_at)
{
    Job *job = g_new0(Job, 1);

    *job = (Job){ fixture, name, waits_at };
    ccw_workers_push(fixture->workers, kind, uid, GUINT_TO_POINTER(client), work, done, job);
}

static void open_gate(Fixture *fixture, guint gate)
{
    g_mutex_lock(&fixture->lock);
    fixture->open[gate] = TRUE;
    g_cond_broadcast(&fixture->gate);
    g_mutex_unlock(&fixture->lock);
}

/* Until as many jobs stand at the gate. */
static void wait_running(Fixture *fixture, guint count)
{
    gint64 until = g_get_monotonic_time() + DEADLINE;

    g_mutex_lock(&fixture->lock);
    while (fixture->running < count)
        g_assert_true(g_cond_wait_until(&fixture->gate, &fixture->lock, until));
    g_assert_cmpuint(fixture->running, ==, count);
    g_mutex_unlock(&fixture->lock);
}

static void wait_done(Fixture *fixture, guint count)
{
    gint64 until = g_get_monotonic_time() + DEADLINE;

    while (fixture->done < count) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_main_context_iteration(NULL, FALSE);
    }
}

/* A user who fills the queue leaves threads to others, which serve them at once. root has every thread that is free. */
static void per_user(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < JOBS; i++)
        push(fixture, CCW_WORK_HOST, 1000, i, 'a', 1);
    wait_running(fixture, 8);
    push(fixture, CCW_WORK_HOST, 1001, 1, 'b', 0);
    wait_done(fixture, 1);
    for (guint i = 0; i < JOBS; i++)
        push(fixture, CCW_WORK_HOST, 0, i, 'r', 1);
    wait_running(fixture, 16);
    g_assert_false(ccw_workers_are_idle(fixture->workers, CCW_WORK_HOST));
    g_assert_true(ccw_workers_are_idle(fixture->workers, CCW_WORK_PARSE));
    push(fixture, CCW_WORK_PARSE, 1000, 1, 'p', 0); /* other kinds go on */
    wait_done(fixture, 2);
    open_gate(fixture, 1);
    wait_done(fixture, 2 + 2 * JOBS);
    g_assert_true(ccw_workers_are_idle(fixture->workers, CCW_WORK_HOST));
}

/* Very many users with slow work leave threads of every kind to root, and each of them has fewer than they share. */
static void root_is_served(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const guint for_others[CCW_WORK_KINDS] = {
        [CCW_WORK_LOOK_UP] = 3,
        [CCW_WORK_HOST] = 12,
        [CCW_WORK_CLOSE] = 6,
        [CCW_WORK_HANG_UP] = 3,
    };
    guint running = 0, jobs = 0;

    for (CcwWorkKind kind = 0; kind < CCW_WORK_KINDS; kind++) {
        guint parsers = CLAMP(g_get_num_processors(), 3, 8);

        for (guint i = 0; i < JOBS; i++)
            push(fixture, kind, 1000 + i, i, 'a', 1);
        running += kind == CCW_WORK_PARSE ? parsers - MAX(parsers / 4, 1) : for_others[kind];
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
    for (CcwWorkKind kind = 0; kind < CCW_WORK_KINDS; kind++) {
        for (guint i = 0; i < JOBS; i++)
            push(fixture, kind, 1000, i, 'a', 1);
        push(fixture, kind, 1001, 1, 'b', 0);
        wait_done(fixture, kind + 1);
    }
    open_gate(fixture, 1);
    wait_done(fixture, CCW_WORK_KINDS * (JOBS + 1));
}

/* What waits is served in turn: users first, then the clients of each, and what one client wants in its order. */
static void in_turn(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    push(fixture, CCW_WORK_LOOK_UP, 1000, 9, '-', 1); /* the first of the two threads that one user may have, */
    push(fixture, CCW_WORK_LOOK_UP, 1000, 9, '-', 2); /* and the second one, which is free before the first */
    wait_running(fixture, 2);
    for (guint i = 0; i < 3; i++)
        push(fixture, CCW_WORK_LOOK_UP, 1000, 1, (char)('a' + i), 0);
    for (guint i = 0; i < 3; i++)
        push(fixture, CCW_WORK_LOOK_UP, 1000, 2, (char)('x' + i), 0);
    push(fixture, CCW_WORK_LOOK_UP, 1001, 3, 'o', 0);
    wait_done(fixture, 1); /* the other user did not wait for any of them */
    open_gate(fixture, 2);
    wait_done(fixture, 8);
    open_gate(fixture, 1);
    wait_done(fixture, 9);
    g_assert_cmpstr(fixture->order->str, ==, "--oaxbycz");
}

/* Whether something wakes the main loop up within that time. ret_timeout: how long it would wait itself. */
static gboolean is_woken(gint patience, gint *ret_timeout)
{
    GMainContext *context = g_main_context_default();
    GPollFD fds[8];
    gint priority, count;

    g_assert_true(g_main_context_acquire(context));
    g_main_context_prepare(context, &priority);
    count = g_main_context_query(context, G_MAXINT, ret_timeout, fds, G_N_ELEMENTS(fds));
    g_assert_cmpint(count, <=, (gint)G_N_ELEMENTS(fds));
    g_main_context_release(context);
    return g_poll(fds, (guint)count, patience) > 0;
}

/* A result that can wait wakes no thread up, and is there soon all the same. */
static void patient(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    gint timeout;

    for (guint i = 0; i < 2; i++) {
        Job *job = g_new0(Job, 1);

        g_main_context_iteration(NULL, FALSE); /* a new source has woken it up */
        *job = (Job){ fixture, 'p', 1, i == 0 };
        fixture->open[1] = FALSE;
        ccw_workers_push_patient(fixture->workers, CCW_WORK_PARSE, 0, NULL, work, done, job, &job->can_wait);
        wait_running(fixture, 1);
        g_assert_false(is_woken(0, &timeout));
        g_assert_cmpint(timeout, >, 0);
        g_assert_cmpint(timeout, <=, 10);
        open_gate(fixture, 1);
        do
            is_woken(0, &timeout);
        while (timeout != 0); /* until the result is there */
        g_assert_true(is_woken(i == 0 ? 0 : DEADLINE / G_TIME_SPAN_MILLISECOND, &timeout) == (i == 1));
        wait_done(fixture, i + 1);
        is_woken(0, &timeout);
        g_assert_cmpint(timeout, ==, -1);
    }
}

/* The limit is on the address space: what a sanitizer or qemu-user, which runs the tests of s390x, needs is more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__s390x__)
#define HAS_OWN_MEMORY 0
#else
#define HAS_OWN_MEMORY 1
#endif

/* A limit of threads shows when the workers start, as an error. */
static void no_threads(void)
{
    const struct rlimit none = { 1 << 20, 1 << 20 }; /* no room for a stack */
    g_autoptr(GError) error = NULL;

    if (!HAS_OWN_MEMORY) {
        g_test_skip("the address space of this build cannot be limited");
    } else if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, DEADLINE, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
    } else {
        g_assert_cmpint(setrlimit(RLIMIT_AS, &none), ==, 0);
        g_assert_null(ccw_workers_new(NULL, &error));
        g_assert_nonnull(strstr(error->message, "cannot start a worker thread"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/remote/workers/per-user", Fixture, NULL, set_up, per_user, tear_down);
    g_test_add("/remote/workers/root", Fixture, NULL, set_up, root_is_served, tear_down);
    g_test_add("/remote/workers/second-user", Fixture, NULL, set_up, second_user_is_served, tear_down);
    g_test_add("/remote/workers/in-turn", Fixture, NULL, set_up, in_turn, tear_down);
    g_test_add("/remote/workers/patient", Fixture, NULL, set_up, patient, tear_down);
    g_test_add_func("/remote/workers/no-threads", no_threads);
    return g_test_run();
}
