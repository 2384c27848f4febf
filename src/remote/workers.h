/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Worker threads for work that must not run in the main loop: parsing, look-ups that may wait, and work on the host.
 * All threads start at once and live as long as the workers, so that a lack of threads shows at the start and never
 * later.
 *
 * The users share the threads of one kind fairly: each user with waiting work has a turn, and so has each client of a
 * user. A quarter of the threads of a kind, at least one, works for root only. A user other than root never has all the
 * other threads. The work of one client and one kind keeps its order.
 */
#pragma once

#include <glib.h>

typedef enum {
    REMOTE_WORK_PARSE,   /* uses the processor, in time that is linear in its input */
    REMOTE_WORK_LOOK_UP, /* reads a user's name, or a device in sysfs, before libvirt has authorised the call */
    REMOTE_WORK_HOST,    /* may wait for the kernel or for libvirt, after libvirt has authorised the call */
    REMOTE_WORK_CLOSE,   /* close(2) of a descriptor from a client, which may wait for the client */
    REMOTE_WORK_HANG_UP, /* close(2) of a client's own socket, which waits for a fraction of a millisecond at most */
    REMOTE_WORK_KINDS,
} RemoteWorkKind;

typedef struct _RemoteWorkers RemoteWorkers;

typedef void (*RemoteWorkFunc)(gpointer data);

/**
 * remote_workers_new:
 * @context: calls the done functions; NULL: the default main context
 *
 * Starts the threads.
 *
 * Returns: the workers, or NULL with CCW_ERROR_SYSTEM if a thread cannot be started.
 */
RemoteWorkers *remote_workers_new(GMainContext *context, GError **error);

/* Returns: whether no work of that kind waits or runs, and all its results are handed over. */
gboolean remote_workers_are_idle(RemoteWorkers *workers, RemoteWorkKind kind);

/* Calls @free_data with @data after the last thread has ended. @data: what the work uses */
void remote_workers_keep(RemoteWorkers *workers, gpointer data, GDestroyNotify free_data);

/**
 * remote_workers_stop:
 * @until: g_get_monotonic_time() at which this function no longer waits
 *
 * Drops the waiting work and all results, waits for the running work, and ends the threads. A thread whose work has not
 * ended keeps the workers, and what remote_workers_keep() names, alive.
 *
 * Returns: FALSE if a thread has not ended
 */
gboolean remote_workers_stop(RemoteWorkers *workers, gint64 until);

/* Drops the reference of the thread that made the workers, after remote_workers_stop(). */
void remote_workers_unref(RemoteWorkers *workers);

/* remote_workers_stop() without a limit, and remote_workers_unref(). For tests. */
void remote_workers_free(RemoteWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteWorkers, remote_workers_free)

/**
 * remote_workers_push:
 * @uid: the user who causes the work; 0 for root and for virtccwd itself
 * @client: identifies the client among those of this user; never dereferenced
 * @work: called in a worker thread
 * @done: called in the main context's thread after @work has returned
 *
 * Queues work. Never waits.
 */
void remote_workers_push(RemoteWorkers *workers, RemoteWorkKind kind, guint uid, gconstpointer client,
                         RemoteWorkFunc work, RemoteWorkFunc done, gpointer data);

/**
 * remote_workers_push_background:
 * @can_wait: in @data; @work sets it to TRUE if nothing waits for @done
 *
 * As remote_workers_push(), for work that may need no wake-up of the main context's thread. If @can_wait, that thread
 * calls @done in its next turn, a few milliseconds later at most.
 */
void remote_workers_push_background(RemoteWorkers *workers, RemoteWorkKind kind, guint uid, gconstpointer client,
                                    RemoteWorkFunc work, RemoteWorkFunc done, gpointer data, const gint *can_wait);
