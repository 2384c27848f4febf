/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/workers.h"

#include "util/error.h"

#define PARSE_MIN 3u /* one for root, and two that users share */
#define PARSE_MAX 8u
#define LATE_MS 5     /* a result that can wait is handed over after that long */
#define ROOT_SHARE 4u /* root has one thread of a kind in as many to itself, and one at least */

typedef struct _Lane Lane;

typedef struct {
    Lane *lane;
    CcwWorkFunc work;
    CcwWorkFunc done;
    gpointer data;
    const gint *can_wait; /* NULL: it cannot */
} Job;

/* The waiting work of one client. It exists only while there is some. */
typedef struct {
    gconstpointer id;
    GQueue jobs; /* Job */
} Client;

/* The work of one user. It exists only while some waits or runs. */
typedef struct {
    guint uid;
    guint running;
    GQueue clients;    /* Client with waiting work, the next one to be served first */
    GHashTable *by_id; /* the same */
} User;

struct _Lane {
    guint threads;
    gint pending;      /* atomic: work that was pushed, and whose result was not handed over yet */
    guint per_user;    /* how many threads a user other than root may have */
    guint for_others;  /* how many threads all users other than root may have together */
    guint others_busy; /* how many threads they have */
    GQueue users;      /* User with waiting work, the next one to be served first */
    GHashTable *by_uid;
    GQueue idle; /* Thread, the one that has worked last first: its memory is still in the processor's caches */
};

struct _CcwWorkers {
    GMainContext *context;
    GMutex lock;
    gboolean stopping;
    GQueue finished;   /* Job, whose results are to be handed over */
    gint has_finished; /* atomic: there are some */
    gint patient;      /* atomic: work whose result may come without a wake-up, pushed and not handed over yet */
    gboolean is_woken; /* the main thread was woken up for those that have finished */
    GSource *delivery; /* does that */
    Lane lanes[CCW_WORK_KINDS];
    GPtrArray *threads; /* Thread */
};

typedef struct {
    CcwWorkers *workers;
    Lane *lane;
    GThread *thread;
    GCond wake;
    gboolean is_idle; /* in the lane's queue */
} Thread;

/* The source of the main context that hands the results over. */
typedef struct {
    GSource source;
    CcwWorkers *workers;
} Delivery;

static gboolean delivery_prepare(GSource *source, gint *timeout)
{
    CcwWorkers *workers = ((Delivery *)source)->workers;

    *timeout = g_atomic_int_get(&workers->patient) ? LATE_MS : -1;
    return g_atomic_int_get(&workers->has_finished);
}

static gboolean delivery_check(GSource *source)
{
    return g_atomic_int_get(&((Delivery *)source)->workers->has_finished);
}

static gboolean deliver(GSource *source, GSourceFunc callback G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    CcwWorkers *workers = ((Delivery *)source)->workers;
    GQueue finished;
    Job *job;

    g_mutex_lock(&workers->lock);
    finished = workers->finished;
    g_queue_init(&workers->finished);
    g_atomic_int_set(&workers->has_finished, FALSE);
    workers->is_woken = FALSE;
    g_mutex_unlock(&workers->lock);
    while ((job = g_queue_pop_head(&finished))) {
        g_atomic_int_add(&job->lane->pending, -1);
        if (job->can_wait)
            g_atomic_int_add(&workers->patient, -1);
        job->done(job->data);
        g_free(job);
    }
    return G_SOURCE_CONTINUE;
}

static GSource *delivery_new(CcwWorkers *workers)
{
    static GSourceFuncs funcs = { .prepare = delivery_prepare, .check = delivery_check, .dispatch = deliver };
    GSource *source = g_source_new(&funcs, sizeof(Delivery));

    ((Delivery *)source)->workers = workers;
    g_source_set_can_recurse(source, TRUE); /* a result may be waited for by the function that takes another one */
    g_source_attach(source, workers->context);
    return source;
}

/*
 * With the lock, which is given back for the time of the wake-up: the main thread would run into it. Attaching a source
 * for each result would wake that thread, too, but with the lock of its context held, which it needs first of all.
 */
static void hand_over(CcwWorkers *workers, Job *job)
{
    gboolean must_wake = !workers->is_woken && !(job->can_wait && *job->can_wait);

    g_queue_push_tail(&workers->finished, job);
    g_atomic_int_set(&workers->has_finished, TRUE);
    if (!must_wake)
        return;
    workers->is_woken = TRUE;
    g_mutex_unlock(&workers->lock);
    g_main_context_wakeup(workers->context);
    g_mutex_lock(&workers->lock);
}

static gboolean may_run(const Lane *lane, const User *user)
{
    return user->uid == 0 || (user->running < lane->per_user && lane->others_busy < lane->for_others);
}

static void count_running(Lane *lane, User *user, gint difference)
{
    user->running += (guint)difference;
    if (user->uid != 0)
        lane->others_busy += (guint)difference;
}

/* The first user in turn that may have one more thread; NULL if there is none. */
static GList *next_user(Lane *lane)
{
    for (GList *item = lane->users.head; item; item = item->next)
        if (may_run(lane, item->data))
            return item;
    return NULL;
}

/* The next job of the user in turn. That user, and its client in turn, move to the end of their queues. */
static Job *take_job(Lane *lane, User **ret_user)
{
    GList *item = next_user(lane);
    User *user;
    Client *client;
    Job *job;

    if (!item)
        return NULL;
    user = item->data;
    g_queue_delete_link(&lane->users, item);
    client = g_queue_pop_head(&user->clients);
    job = g_queue_pop_head(&client->jobs);
    if (g_queue_is_empty(&client->jobs))
        g_hash_table_remove(user->by_id, client->id);
    else
        g_queue_push_tail(&user->clients, client);
    if (!g_queue_is_empty(&user->clients))
        g_queue_push_tail(&lane->users, user);
    count_running(lane, user, 1);
    *ret_user = user;
    return job;
}

/* With the lock. The thread is to be woken up; NULL: none is idle. */
static Thread *call_thread(Lane *lane)
{
    Thread *thread = g_queue_pop_head(&lane->idle);

    if (thread)
        thread->is_idle = FALSE;
    return thread;
}

static void wait_for_call(Thread *thread)
{
    g_queue_push_head(&thread->lane->idle, thread);
    thread->is_idle = TRUE;
    while (thread->is_idle)
        g_cond_wait(&thread->wake, &thread->workers->lock);
}

static void job_ended(Lane *lane, User *user)
{
    gboolean is_waiting = !g_queue_is_empty(&user->clients);
    Thread *other = is_waiting ? call_thread(lane) : NULL;

    count_running(lane, user, -1);
    if (other)
        g_cond_signal(&other->wake); /* this user may have been held back by the limit */
    if (!is_waiting && user->running == 0)
        g_hash_table_remove(lane->by_uid, GUINT_TO_POINTER(user->uid));
}

static gpointer run(gpointer data)
{
    Thread *thread = data;
    CcwWorkers *workers = thread->workers;
    Lane *lane = thread->lane;

    g_mutex_lock(&workers->lock);
    while (!workers->stopping) {
        User *user = NULL;
        Job *job = take_job(lane, &user);

        if (!job) {
            wait_for_call(thread);
            continue;
        }
        g_mutex_unlock(&workers->lock);
        job->work(job->data);
        g_mutex_lock(&workers->lock);
        job_ended(lane, user);
        hand_over(workers, job);
    }
    g_mutex_unlock(&workers->lock);
    return NULL;
}

static void client_free(gpointer data)
{
    Client *client = data;

    g_queue_clear_full(&client->jobs, g_free);
    g_free(client);
}

static void user_free(gpointer data)
{
    User *user = data;

    g_queue_clear(&user->clients);
    g_hash_table_unref(user->by_id);
    g_free(user);
}

static void lane_init(Lane *lane, CcwWorkKind kind)
{
    const guint parsers = CLAMP(g_get_num_processors(), PARSE_MIN, PARSE_MAX);
    const struct {
        guint threads, per_user;
    } sizes[CCW_WORK_KINDS] = {
        [CCW_WORK_PARSE] = { parsers, parsers - MAX(parsers / ROOT_SHARE, 1) - 1 },
        [CCW_WORK_LOOK_UP] = { 4, 2 },
        [CCW_WORK_HOST] = { 16, 8 },
        [CCW_WORK_CLOSE] = { 8, 1 },
        [CCW_WORK_HANG_UP] = { 4, 2 },
    };

    lane->threads = sizes[kind].threads;
    lane->per_user = sizes[kind].per_user;
    lane->for_others = lane->threads - MAX(lane->threads / ROOT_SHARE, 1);
    g_queue_init(&lane->users);
    lane->by_uid = g_hash_table_new_full(NULL, NULL, NULL, user_free);
    g_queue_init(&lane->idle);
}

static void thread_free(gpointer data)
{
    Thread *thread = data;

    g_cond_clear(&thread->wake);
    g_free(thread);
}

static gboolean start_threads(CcwWorkers *workers, Lane *lane, GError **error)
{
    for (guint i = 0; i < lane->threads; i++) {
        Thread *thread = g_new0(Thread, 1);
        g_autoptr(GError) local = NULL;

        *thread = (Thread){ .workers = workers, .lane = lane };
        g_cond_init(&thread->wake);
        thread->thread = g_thread_try_new("worker", run, thread, &local);
        if (!thread->thread) {
            thread_free(thread);
            g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM,
                        "cannot start a worker thread: %s; raise the limit of processes or tasks", local->message);
            return FALSE;
        }
        g_ptr_array_add(workers->threads, thread);
    }
    return TRUE;
}

CcwWorkers *ccw_workers_new(GMainContext *context, GError **error)
{
    CcwWorkers *workers = g_new0(CcwWorkers, 1);
    gboolean started = TRUE;

    workers->context = context;
    g_mutex_init(&workers->lock);
    g_queue_init(&workers->finished);
    workers->delivery = delivery_new(workers);
    workers->threads = g_ptr_array_new_with_free_func(thread_free);
    for (guint i = 0; i < CCW_WORK_KINDS; i++)
        lane_init(&workers->lanes[i], (CcwWorkKind)i);
    for (guint i = 0; i < CCW_WORK_KINDS && started; i++)
        started = start_threads(workers, &workers->lanes[i], error);
    if (started)
        return workers;
    ccw_workers_free(workers);
    return NULL;
}

gboolean ccw_workers_are_idle(CcwWorkers *workers, CcwWorkKind kind)
{
    return g_atomic_int_get(&workers->lanes[kind].pending) == 0;
}

void ccw_workers_free(CcwWorkers *workers)
{
    Thread *idle;

    g_mutex_lock(&workers->lock);
    workers->stopping = TRUE;
    for (guint i = 0; i < CCW_WORK_KINDS; i++)
        while ((idle = call_thread(&workers->lanes[i])))
            g_cond_signal(&idle->wake);
    g_mutex_unlock(&workers->lock);
    for (guint i = 0; i < workers->threads->len; i++)
        g_thread_join(((Thread *)g_ptr_array_index(workers->threads, i))->thread);
    for (guint i = 0; i < CCW_WORK_KINDS; i++) {
        g_queue_clear(&workers->lanes[i].users);
        g_hash_table_unref(workers->lanes[i].by_uid);
    }
    g_queue_clear_full(&workers->finished, g_free);
    g_source_destroy(workers->delivery);
    g_source_unref(workers->delivery);
    g_ptr_array_unref(workers->threads);
    g_mutex_clear(&workers->lock);
    g_free(workers);
}

static User *get_user(Lane *lane, guint uid)
{
    User *user = g_hash_table_lookup(lane->by_uid, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(User, 1);
        user->uid = uid;
        g_queue_init(&user->clients);
        user->by_id = g_hash_table_new_full(NULL, NULL, NULL, client_free);
        g_hash_table_insert(lane->by_uid, GUINT_TO_POINTER(uid), user);
    }
    return user;
}

static Client *get_client(User *user, gconstpointer id)
{
    Client *client = g_hash_table_lookup(user->by_id, id);

    if (!client) {
        client = g_new0(Client, 1);
        client->id = id;
        g_queue_init(&client->jobs);
        g_queue_push_tail(&user->clients, client);
        g_hash_table_insert(user->by_id, (gpointer)id, client);
    }
    return client;
}

void ccw_workers_push(CcwWorkers *workers, CcwWorkKind kind, guint uid, gconstpointer client, CcwWorkFunc work,
                      CcwWorkFunc done, gpointer data)
{
    ccw_workers_push_patient(workers, kind, uid, client, work, done, data, NULL);
}

void ccw_workers_push_patient(CcwWorkers *workers, CcwWorkKind kind, guint uid, gconstpointer client, CcwWorkFunc work,
                              CcwWorkFunc done, gpointer data, const gint *can_wait)
{
    Lane *lane = &workers->lanes[kind];
    Job *job = g_new0(Job, 1);
    User *user;
    Thread *idle;

    *job = (Job){ lane, work, done, data, can_wait };
    g_atomic_int_inc(&lane->pending);
    if (can_wait)
        g_atomic_int_inc(&workers->patient);
    g_mutex_lock(&workers->lock);
    user = get_user(lane, uid);
    if (g_queue_is_empty(&user->clients))
        g_queue_push_tail(&lane->users, user);
    g_queue_push_tail(&get_client(user, client)->jobs, job);
    idle = call_thread(lane);
    g_mutex_unlock(&workers->lock);
    if (idle)
        g_cond_signal(&idle->wake); /* without the lock, which the thread that wakes needs */
}
