/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/workers.h"

#include "remote/work-queue.h"
#include "util/error.h"

#define PARSE_MIN 3u /* one thread for root, two for all users */
#define PARSE_MAX 8u
#define LATE_MS 5     /* longest delay of a result that can wait */
#define ROOT_SHARE 4u /* one thread of this many of a kind works for root only, and at least one */

typedef struct _Lane Lane;

typedef struct {
    Lane *lane;
    RemoteWorkFunc work;
    RemoteWorkFunc done;
    gpointer data;
    const gint *can_wait; /* NULL: the result cannot wait */
} Job;

struct _Lane {
    guint threads;
    gint pending;          /* atomic: number of jobs whose results were not handed over yet */
    RemoteWorkQueue queue; /* Job */
    GQueue idle;           /* Thread, the last one that worked first: its memory is still in the processor's caches */
};

/* Each thread has a reference. */
struct _RemoteWorkers {
    GMainContext *context;
    GMutex lock;
    gboolean stopping;
    guint running; /* number of threads that have not ended */
    GCond ended;
    gpointer kept; /* what the work uses */
    GDestroyNotify free_kept;
    GQueue finished;   /* Job whose result waits to be handed over */
    gint has_finished; /* atomic: finished is not empty */
    gint may_wait;     /* atomic: number of unfinished jobs with can_wait */
    gboolean is_woken; /* a worker has woken the main thread for finished */
    GSource *delivery; /* hands the results over */
    Lane lanes[REMOTE_WORK_KINDS];
    GPtrArray *threads; /* Thread */
};

typedef struct {
    RemoteWorkers *workers;
    Lane *lane;
    GThread *thread; /* NULL: joined */
    GCond wake;
    gboolean is_idle; /* in the lane's queue */
} Thread;

/* The source of the main context that hands the results over. */
typedef struct {
    GSource source;
    RemoteWorkers *workers;
} Delivery;

static gboolean delivery_prepare(GSource *source, gint *timeout)
{
    RemoteWorkers *workers = ((Delivery *)source)->workers;

    *timeout = g_atomic_int_get(&workers->may_wait) ? LATE_MS : -1;
    return g_atomic_int_get(&workers->has_finished);
}

static gboolean delivery_check(GSource *source)
{
    return g_atomic_int_get(&((Delivery *)source)->workers->has_finished);
}

static gboolean deliver(GSource *source, GSourceFunc callback G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    RemoteWorkers *workers = ((Delivery *)source)->workers;
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
            g_atomic_int_add(&workers->may_wait, -1);
        job->done(job->data);
        g_free(job);
    }
    return G_SOURCE_CONTINUE;
}

static GSource *delivery_new(RemoteWorkers *workers)
{
    static GSourceFuncs funcs = { .prepare = delivery_prepare, .check = delivery_check, .dispatch = deliver };
    GSource *source = g_source_new(&funcs, sizeof(Delivery));

    ((Delivery *)source)->workers = workers;
    g_source_set_can_recurse(source, TRUE); /* the function that takes one result may wait for another */
    g_source_attach(source, workers->context);
    return source;
}

/*
 * Hands a finished job over. The caller has the lock. This function releases it during the wake-up, because the main
 * thread would have to wait for it. Attaching a source for each result would also wake the main thread, but while the
 * worker holds the lock of its context, which the main thread needs at once.
 */
static void hand_over(RemoteWorkers *workers, Job *job)
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

/* Takes an idle thread, which the caller then wakes. The caller has the lock. Returns: NULL if no thread is idle. */
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

static void job_ended(Lane *lane, RemoteWorkUser *user)
{
    Thread *other = remote_work_queue_end(&lane->queue, user) ? call_thread(lane) : NULL;

    if (other)
        g_cond_signal(&other->wake);
}

static gpointer run(gpointer data)
{
    Thread *thread = data;
    RemoteWorkers *workers = thread->workers;
    Lane *lane = thread->lane;

    g_mutex_lock(&workers->lock);
    while (!workers->stopping) {
        RemoteWorkUser *user = NULL;
        Job *job = remote_work_queue_take(&lane->queue, &user);

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
    workers->running--;
    g_cond_broadcast(&workers->ended);
    g_mutex_unlock(&workers->lock);
    remote_workers_unref(workers);
    return NULL;
}

static void lane_init(Lane *lane, RemoteWorkKind kind)
{
    const guint parsers = CLAMP(g_get_num_processors(), PARSE_MIN, PARSE_MAX);
    const struct {
        guint threads, per_user;
    } sizes[REMOTE_WORK_KINDS] = {
        [REMOTE_WORK_PARSE] = { parsers, parsers - MAX(parsers / ROOT_SHARE, 1) - 1 },
        [REMOTE_WORK_LOOK_UP] = { 4, 2 },
        [REMOTE_WORK_HOST] = { 16, 8 },
        [REMOTE_WORK_CLOSE] = { 8, 1 },
        [REMOTE_WORK_HANG_UP] = { 4, 2 },
    };

    lane->threads = sizes[kind].threads;
    remote_work_queue_init(&lane->queue, sizes[kind].per_user, lane->threads - MAX(lane->threads / ROOT_SHARE, 1));
    g_queue_init(&lane->idle);
}

static void thread_free(gpointer data)
{
    Thread *thread = data;

    if (thread->thread)
        g_thread_unref(thread->thread);
    g_cond_clear(&thread->wake);
    g_free(thread);
}

static gboolean start_threads(RemoteWorkers *workers, Lane *lane, GError **error)
{
    for (guint i = 0; i < lane->threads; i++) {
        Thread *thread = g_new0(Thread, 1);
        g_autoptr(GError) local = NULL;

        *thread = (Thread){ .workers = workers, .lane = lane };
        g_cond_init(&thread->wake);
        g_mutex_lock(&workers->lock);
        workers->running++;
        g_mutex_unlock(&workers->lock);
        g_atomic_rc_box_acquire(workers);
        thread->thread = g_thread_try_new("worker", run, thread, &local);
        if (!thread->thread) {
            thread_free(thread);
            g_mutex_lock(&workers->lock);
            workers->running--;
            g_mutex_unlock(&workers->lock);
            remote_workers_unref(workers);
            g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM,
                        "cannot start a worker thread: %s; raise the limit of processes or tasks", local->message);
            return FALSE;
        }
        g_ptr_array_add(workers->threads, thread);
    }
    return TRUE;
}

RemoteWorkers *remote_workers_new(GMainContext *context, GError **error)
{
    RemoteWorkers *workers = g_atomic_rc_box_new0(RemoteWorkers);
    gboolean started = TRUE;

    workers->context = context ? g_main_context_ref(context) : NULL;
    g_mutex_init(&workers->lock);
    g_cond_init(&workers->ended);
    g_queue_init(&workers->finished);
    workers->delivery = delivery_new(workers);
    workers->threads = g_ptr_array_new_with_free_func(thread_free);
    for (guint i = 0; i < REMOTE_WORK_KINDS; i++)
        lane_init(&workers->lanes[i], (RemoteWorkKind)i);
    for (guint i = 0; i < REMOTE_WORK_KINDS && started; i++)
        started = start_threads(workers, &workers->lanes[i], error);
    if (started)
        return workers;
    remote_workers_free(workers);
    return NULL;
}

gboolean remote_workers_are_idle(RemoteWorkers *workers, RemoteWorkKind kind)
{
    return g_atomic_int_get(&workers->lanes[kind].pending) == 0;
}

void remote_workers_keep(RemoteWorkers *workers, gpointer data, GDestroyNotify free_data)
{
    workers->kept = data;
    workers->free_kept = free_data;
}

static void clear(gpointer data)
{
    RemoteWorkers *workers = data;

    for (guint i = 0; i < REMOTE_WORK_KINDS; i++)
        remote_work_queue_clear(&workers->lanes[i].queue);
    g_queue_clear_full(&workers->finished, g_free);
    g_source_destroy(workers->delivery);
    g_source_unref(workers->delivery);
    g_clear_pointer(&workers->context, g_main_context_unref);
    g_ptr_array_unref(workers->threads);
    g_cond_clear(&workers->ended);
    g_mutex_clear(&workers->lock);
    if (workers->free_kept)
        workers->free_kept(workers->kept);
}

void remote_workers_unref(RemoteWorkers *workers)
{
    g_atomic_rc_box_release_full(workers, clear);
}

static void join_threads(RemoteWorkers *workers)
{
    for (guint i = 0; i < workers->threads->len; i++)
        g_thread_join(g_steal_pointer(&((Thread *)g_ptr_array_index(workers->threads, i))->thread));
}

/* The results that were not handed over are dropped: a later one must not find the source of a context that is gone. */
gboolean remote_workers_stop(RemoteWorkers *workers, gint64 until)
{
    gboolean have_ended;
    Thread *idle;

    g_source_destroy(workers->delivery);
    g_mutex_lock(&workers->lock);
    workers->stopping = TRUE;
    for (guint i = 0; i < REMOTE_WORK_KINDS; i++)
        while ((idle = call_thread(&workers->lanes[i])))
            g_cond_signal(&idle->wake);
    while (workers->running > 0 && g_cond_wait_until(&workers->ended, &workers->lock, until))
        ;
    have_ended = workers->running == 0;
    g_mutex_unlock(&workers->lock);
    if (have_ended)
        join_threads(workers);
    return have_ended;
}

void remote_workers_free(RemoteWorkers *workers)
{
    remote_workers_stop(workers, G_MAXINT64);
    remote_workers_unref(workers);
}

void remote_workers_push(RemoteWorkers *workers, RemoteWorkKind kind, guint uid, gconstpointer client,
                         RemoteWorkFunc work, RemoteWorkFunc done, gpointer data)
{
    remote_workers_push_background(workers, kind, uid, client, work, done, data, NULL);
}

void remote_workers_push_background(RemoteWorkers *workers, RemoteWorkKind kind, guint uid, gconstpointer client,
                                    RemoteWorkFunc work, RemoteWorkFunc done, gpointer data, const gint *can_wait)
{
    Lane *lane = &workers->lanes[kind];
    Job *job = g_new0(Job, 1);
    Thread *idle;

    *job = (Job){ lane, work, done, data, can_wait };
    g_atomic_int_inc(&lane->pending);
    if (can_wait)
        g_atomic_int_inc(&workers->may_wait);
    g_mutex_lock(&workers->lock);
    remote_work_queue_push(&lane->queue, uid, client, job);
    idle = call_thread(lane);
    g_mutex_unlock(&workers->lock);
    if (idle)
        g_cond_signal(&idle->wake); /* without the lock, which the woken thread needs */
}
