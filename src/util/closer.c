/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/closer.h"

#include "util/fd.h"

#define THREADS_MAX 64
#define THREADS_OF_PROCESS 2
#define FREE_MAX (10 * G_TIME_SPAN_SECOND)

/* A process whose descriptors the closer closes. It exists only while it has some. */
typedef struct {
    pid_t pid;
    guint threads; /* threads that close its descriptors now */
    GQueue fds;    /* gint: descriptors that no thread closes yet */
} Owner;

struct _CcwCloser {
    GMutex lock;
    GCond idle;         /* signalled when the last owner is gone */
    GHashTable *owners; /* pid -> Owner */
    GThreadPool *threads;
};

/* Returns FALSE if the owner has no more descriptors: this thread then no longer works for the owner. */
static gboolean pop_fd(CcwCloser *closer, Owner *owner, int *ret_fd)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&closer->lock);

    if (!g_queue_is_empty(&owner->fds)) {
        *ret_fd = GPOINTER_TO_INT(g_queue_pop_head(&owner->fds));
        return TRUE;
    }
    if (--owner->threads == 0)
        g_hash_table_remove(closer->owners, GINT_TO_POINTER(owner->pid));
    if (g_hash_table_size(closer->owners) == 0)
        g_cond_signal(&closer->idle);
    return FALSE;
}

static void close_for(gpointer data, gpointer opaque)
{
    int fd;

    while (pop_fd(opaque, data, &fd))
        ccw_fd_close_soon(fd);
}

CcwCloser *ccw_closer_new(void)
{
    CcwCloser *closer = g_new0(CcwCloser, 1);

    g_mutex_init(&closer->lock);
    g_cond_init(&closer->idle);
    closer->owners = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    closer->threads = g_thread_pool_new(close_for, closer, THREADS_MAX, FALSE, NULL);
    return closer;
}

static Owner *get_owner(CcwCloser *closer, pid_t pid)
{
    Owner *owner = g_hash_table_lookup(closer->owners, GINT_TO_POINTER(pid));

    if (!owner) {
        owner = g_new0(Owner, 1);
        owner->pid = pid;
        g_hash_table_insert(closer->owners, GINT_TO_POINTER(pid), owner);
    }
    return owner;
}

void ccw_closer_push(CcwCloser *closer, pid_t pid, int fd)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&closer->lock);
    Owner *owner = get_owner(closer, pid);

    g_queue_push_tail(&owner->fds, GINT_TO_POINTER(fd));
    if (owner->threads < THREADS_OF_PROCESS) {
        owner->threads++;
        g_thread_pool_push(closer->threads, owner, NULL);
    }
}

void ccw_closer_push_all(CcwCloser *closer, pid_t pid, GArray *fds)
{
    for (guint i = 0; i < fds->len; i++)
        ccw_closer_push(closer, pid, g_array_index(fds, gint, i));
    g_array_set_size(fds, 0);
}

/* Returns FALSE if threads still close descriptors after FREE_MAX. */
static gboolean wait_idle(CcwCloser *closer)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&closer->lock);
    gint64 until = g_get_monotonic_time() + FREE_MAX;

    while (g_hash_table_size(closer->owners) > 0)
        if (!g_cond_wait_until(&closer->idle, &closer->lock, until))
            return g_hash_table_size(closer->owners) == 0;
    return TRUE;
}

void ccw_closer_free(CcwCloser *closer)
{
    if (!wait_idle(closer)) {
        g_warning("descriptors are still being closed; their threads go on");
        return; /* the threads still use the closer */
    }
    g_thread_pool_free(closer->threads, FALSE, TRUE);
    g_hash_table_unref(closer->owners);
    g_cond_clear(&closer->idle);
    g_mutex_clear(&closer->lock);
    g_free(closer);
}
