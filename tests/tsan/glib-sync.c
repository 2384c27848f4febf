/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Describes to ThreadSanitizer how GLib's locks and queues order threads, and lets it deliver signals. GLib itself is
 * not instrumented, and its locks are futexes, so that otherwise each access under a GMutex looks like a race. Every
 * program of a build with -Db_sanitize=thread is linked with --wrap= for these functions (tests/tsan/meson.build).
 */
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>
#include <unistd.h>

#define REAL(name) __real_##name
#define WRAP(name) __wrap_##name
#define DECLARE(type, name, parameters)                                                                                \
    type REAL(name) parameters;                                                                                        \
    type WRAP(name) parameters

#define LOCKS(name, lock)                                                                                              \
    DECLARE(void, name, (lock *));                                                                                     \
    void WRAP(name)(lock * at)                                                                                         \
    {                                                                                                                  \
        REAL(name)(at);                                                                                                \
        __tsan_acquire(at);                                                                                            \
    }
#define TRIES(name, lock)                                                                                              \
    DECLARE(gboolean, name, (lock *));                                                                                 \
    gboolean WRAP(name)(lock * at)                                                                                     \
    {                                                                                                                  \
        gboolean locked = REAL(name)(at);                                                                              \
                                                                                                                       \
        if (locked)                                                                                                    \
            __tsan_acquire(at);                                                                                        \
        return locked;                                                                                                 \
    }
#define UNLOCKS(name, lock)                                                                                            \
    DECLARE(void, name, (lock *));                                                                                     \
    void WRAP(name)(lock * at)                                                                                         \
    {                                                                                                                  \
        __tsan_release(at);                                                                                            \
        REAL(name)(at);                                                                                                \
    }

LOCKS(g_mutex_lock, GMutex)
TRIES(g_mutex_trylock, GMutex)
UNLOCKS(g_mutex_unlock, GMutex)
LOCKS(g_rw_lock_reader_lock, GRWLock)
LOCKS(g_rw_lock_writer_lock, GRWLock)
UNLOCKS(g_rw_lock_reader_unlock, GRWLock)
UNLOCKS(g_rw_lock_writer_unlock, GRWLock)

DECLARE(void, g_cond_wait, (GCond *, GMutex *));
void WRAP(g_cond_wait)(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

DECLARE(gboolean, g_cond_wait_until, (GCond *, GMutex *, gint64));
gboolean WRAP(g_cond_wait_until)(GCond *cond, GMutex *mutex, gint64 end_time)
{
    gboolean signalled;

    __tsan_release(mutex);
    signalled = REAL(g_cond_wait_until)(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return signalled;
}

DECLARE(gboolean, g_once_init_enter, (void *));
gboolean WRAP(g_once_init_enter)(void *location)
{
    gboolean first = REAL(g_once_init_enter)(location);

    __tsan_acquire(location);
    return first;
}

DECLARE(void, g_once_init_leave, (void *, gsize));
void WRAP(g_once_init_leave)(void *location, gsize result)
{
    __tsan_release(location);
    REAL(g_once_init_leave)(location, result);
}

/* A pool's worker sees what was written before the work was pushed. The address of the pool stands for its queue. */
typedef struct {
    GFunc func;
    gpointer data;
} Worker;

static void work(gpointer item, gpointer data)
{
    Worker *worker = data;

    __tsan_acquire(item);
    worker->func(item, worker->data);
}

DECLARE(GThreadPool *, g_thread_pool_new, (GFunc, gpointer, gint, gboolean, GError **));
GThreadPool *WRAP(g_thread_pool_new)(GFunc func, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
    Worker *worker = g_new(Worker, 1); /* lives until the program ends: a pool may be freed while its work continues */

    *worker = (Worker){ func, data };
    return REAL(g_thread_pool_new)(work, worker, max_threads, exclusive, error);
}

DECLARE(gboolean, g_thread_pool_push, (GThreadPool *, gpointer, GError **));
gboolean WRAP(g_thread_pool_push)(GThreadPool *pool, gpointer item, GError **error)
{
    __tsan_release(item);
    return REAL(g_thread_pool_push)(pool, item, error);
}

/* A task is handed to a thread, and its result to the callback in the thread that made the task. */
typedef struct {
    GAsyncReadyCallback func;
    gpointer data;
} Callback;

static void call_back(GObject *source, GAsyncResult *result, gpointer data)
{
    Callback *callback = data;

    __tsan_acquire(result);
    callback->func(source, result, callback->data);
    g_free(callback);
}

DECLARE(GTask *, g_task_new, (gpointer, GCancellable *, GAsyncReadyCallback, gpointer));
GTask *WRAP(g_task_new)(gpointer source, GCancellable *cancellable, GAsyncReadyCallback func, gpointer data)
{
    Callback *callback = g_new(Callback, 1);

    *callback = (Callback){ func, data };
    return REAL(g_task_new)(source, cancellable, call_back, callback);
}

static void run_task(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GTaskThreadFunc func = (GTaskThreadFunc)g_object_get_data(G_OBJECT(task), "func");

    __tsan_acquire(task);
    func(task, source, data, cancellable);
}

DECLARE(void, g_task_run_in_thread, (GTask *, GTaskThreadFunc));
void WRAP(g_task_run_in_thread)(GTask *task, GTaskThreadFunc func)
{
    g_object_set_data(G_OBJECT(task), "func", (gpointer)func);
    __tsan_release(task);
    REAL(g_task_run_in_thread)(task, run_task);
}

DECLARE(void, g_task_return_boolean, (GTask *, gboolean));
void WRAP(g_task_return_boolean)(GTask *task, gboolean result)
{
    __tsan_release(task);
    REAL(g_task_return_boolean)(task, result);
}

/* The last reference of a block is dropped after all others, and then the block is cleared. */
static __thread GDestroyNotify clear_func;

static void clear_block(gpointer block)
{
    __tsan_acquire(block);
    clear_func(block);
}

DECLARE(void, g_atomic_rc_box_release_full, (gpointer, GDestroyNotify));
void WRAP(g_atomic_rc_box_release_full)(gpointer block, GDestroyNotify clear)
{
    GDestroyNotify outer = clear_func; /* clear() may drop the last reference of another block */

    clear_func = clear;
    __tsan_release(block);
    REAL(g_atomic_rc_box_release_full)(block, clear_block);
    clear_func = outer;
}

/*
 * ThreadSanitizer delays a signal until the thread calls the C library from instrumented code. A main loop that waits
 * in GLib never does, so a timer does it ten times a second.
 */
static gboolean take_signals(gpointer data G_GNUC_UNUSED)
{
    usleep(0);
    return G_SOURCE_CONTINUE;
}

DECLARE(void, g_main_loop_run, (GMainLoop *));
void WRAP(g_main_loop_run)(GMainLoop *loop)
{
    GSource *timer = g_timeout_source_new(100);

    g_source_set_callback(timer, take_signals, NULL, NULL);
    g_source_attach(timer, g_main_loop_get_context(loop));
    REAL(g_main_loop_run)(loop);
    g_source_destroy(timer);
    g_source_unref(timer);
}
