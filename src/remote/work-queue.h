/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The waiting jobs of one kind of work, in a fair order: each user with waiting jobs has a turn, and so has each client
 * of a user. The jobs of one client keep their order. Users other than root have limits on the jobs that run at once.
 * The caller holds a lock around each call.
 */
#pragma once

#include <glib.h>

/* The jobs of one user. */
typedef struct _RemoteWorkUser RemoteWorkUser;

typedef struct {
    guint per_user;    /* maximum number of running jobs of a user other than root */
    guint for_others;  /* maximum number of running jobs of all users other than root together */
    guint others_busy; /* number of their running jobs */
    GQueue users;      /* RemoteWorkUser with waiting jobs, in the order of service */
    GHashTable *by_uid;
} RemoteWorkQueue;

/* The numbers are those of RemoteWorkQueue. The caller serialises all calls for one queue. */
void remote_work_queue_init(RemoteWorkQueue *queue, guint per_user, guint for_others);

/* Frees the waiting jobs. */
void remote_work_queue_clear(RemoteWorkQueue *queue);

/**
 * remote_work_queue_push:
 * @client: identifies the client among those of this user; never dereferenced
 * @job: the queue frees it with g_free() unless remote_work_queue_take() returns it
 *
 * Adds a job to the end of the client's queue.
 */
void remote_work_queue_push(RemoteWorkQueue *queue, guint uid, gconstpointer client, gpointer job);

/**
 * remote_work_queue_take:
 * @ret_user: for remote_work_queue_end()
 *
 * Takes the next job of the next user who may have one more running job. Moves that user, and its client, to the end of
 * their queues.
 *
 * Returns: the job, which counts as running; NULL if no job waits, or none may run
 */
gpointer remote_work_queue_take(RemoteWorkQueue *queue, RemoteWorkUser **ret_user);

/**
 * remote_work_queue_end:
 *
 * Counts the end of a job of this user.
 *
 * Returns: whether the user has a waiting job, which the limit may have held back
 */
gboolean remote_work_queue_end(RemoteWorkQueue *queue, RemoteWorkUser *user);
