/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Worker threads for what must not run in the main loop: parsing, look-ups that may wait, work on the host. All threads
 * are started at once and live as long as the process, so that a lack of threads shows at the start and never later.
 *
 * The work of one kind is shared out fairly: each user with waiting work has a turn, and within a user each client. A
 * user other than root never has all threads of a kind that such users share, and a quarter of the threads of a kind,
 * one at least, runs root's work alone. The order of one client's work of one kind is kept.
 */
#pragma once

#include <glib.h>

typedef enum {
    CCW_WORK_PARSE,   /* uses the processor, in linear time of its input */
    CCW_WORK_LOOK_UP, /* reads a little, before libvirt has authorised the call: a user's name, a device in sysfs */
    CCW_WORK_HOST,    /* may wait for the kernel or for libvirt, once libvirt has authorised the call */
    CCW_WORK_CLOSE,   /* close(2) of what a client has sent, which may wait for the client */
    CCW_WORK_HANG_UP, /* close(2) of a client's own socket, which waits a fraction of a millisecond at most */
    CCW_WORK_KINDS,
} CcwWorkKind;

typedef struct _CcwWorkers CcwWorkers;

typedef void (*CcwWorkFunc)(gpointer data);

/**
 * ccw_workers_new:
 * @context: where the results are handed over, or NULL for the default main context
 *
 * Starts the threads.
 *
 * Returns: the workers, or NULL with CCW_ERROR_SYSTEM if a thread cannot be started.
 */
CcwWorkers *ccw_workers_new(GMainContext *context, GError **error);

/* Whether no work of that kind waits or runs, and every result has been handed over. For tests. */
gboolean ccw_workers_are_idle(CcwWorkers *workers, CcwWorkKind kind);

/* Waits for the work that has begun, throws the waiting work away, and ends the threads. For tests. */
void ccw_workers_free(CcwWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwWorkers, ccw_workers_free)

/**
 * ccw_workers_push:
 * @uid: the user on whose behalf the work is done; 0 for root and for virtccwd itself
 * @client: identifies the client among those of this user; never dereferenced
 * @work: called in a worker thread
 * @done: called in the main context's thread after @work has returned
 *
 * Queues work. Never waits.
 */
void ccw_workers_push(CcwWorkers *workers, CcwWorkKind kind, guint uid, gconstpointer client, CcwWorkFunc work,
                      CcwWorkFunc done, gpointer data);

/**
 * ccw_workers_push_patient:
 * @can_wait: in @data; TRUE if @work has left nothing to do that anything waits for
 *
 * The same of work that may do all by itself. Then the main context's thread is not woken up for @done, which is
 * called in the next turn of that context that something else causes, or after a few milliseconds.
 */
void ccw_workers_push_patient(CcwWorkers *workers, CcwWorkKind kind, guint uid, gconstpointer client, CcwWorkFunc work,
                              CcwWorkFunc done, gpointer data, const gint *can_wait);
