/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/work-queue.h"

/* The waiting jobs of one client. A client without any has no such struct. */
typedef struct {
    gconstpointer id;
    GQueue jobs;
} Client;

/* A user without waiting or running jobs has no such struct. */
struct _RemoteWorkUser {
    guint uid;
    guint running;
    GQueue clients;    /* Client with waiting jobs, in the order of service */
    GHashTable *by_id; /* the same, by their ids */
};

static void client_free(gpointer data)
{
    Client *client = data;

    g_queue_clear_full(&client->jobs, g_free);
    g_free(client);
}

static void user_free(gpointer data)
{
    RemoteWorkUser *user = data;

    g_queue_clear(&user->clients);
    g_hash_table_unref(user->by_id);
    g_free(user);
}

void remote_work_queue_init(RemoteWorkQueue *queue, guint per_user, guint for_others)
{
    *queue = (RemoteWorkQueue){ .per_user = per_user, .for_others = for_others };
    g_queue_init(&queue->users);
    queue->by_uid = g_hash_table_new_full(NULL, NULL, NULL, user_free);
}

void remote_work_queue_clear(RemoteWorkQueue *queue)
{
    g_queue_clear(&queue->users);
    g_hash_table_unref(queue->by_uid);
}

static RemoteWorkUser *get_user(RemoteWorkQueue *queue, guint uid)
{
    RemoteWorkUser *user = g_hash_table_lookup(queue->by_uid, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(RemoteWorkUser, 1);
        user->uid = uid;
        g_queue_init(&user->clients);
        user->by_id = g_hash_table_new_full(NULL, NULL, NULL, client_free);
        g_hash_table_insert(queue->by_uid, GUINT_TO_POINTER(uid), user);
    }
    return user;
}

static Client *get_client(RemoteWorkUser *user, gconstpointer id)
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

void remote_work_queue_push(RemoteWorkQueue *queue, guint uid, gconstpointer client, gpointer job)
{
    RemoteWorkUser *user = get_user(queue, uid);

    if (g_queue_is_empty(&user->clients))
        g_queue_push_tail(&queue->users, user);
    g_queue_push_tail(&get_client(user, client)->jobs, job);
}

static gboolean may_run(const RemoteWorkQueue *queue, const RemoteWorkUser *user)
{
    return user->uid == 0 || (user->running < queue->per_user && queue->others_busy < queue->for_others);
}

static void count_running(RemoteWorkQueue *queue, RemoteWorkUser *user, gint difference)
{
    user->running += (guint)difference;
    if (user->uid != 0)
        queue->others_busy += (guint)difference;
}

/* Returns: the first user who may have one more running job, or NULL if no user may. */
static GList *next_user(RemoteWorkQueue *queue)
{
    for (GList *item = queue->users.head; item; item = item->next)
        if (may_run(queue, item->data))
            return item;
    return NULL;
}

gpointer remote_work_queue_take(RemoteWorkQueue *queue, RemoteWorkUser **ret_user)
{
    GList *item = next_user(queue);
    RemoteWorkUser *user;
    Client *client;
    gpointer job;

    if (!item)
        return NULL;
    user = item->data;
    g_queue_delete_link(&queue->users, item);
    client = g_queue_pop_head(&user->clients);
    job = g_queue_pop_head(&client->jobs);
    if (g_queue_is_empty(&client->jobs))
        g_hash_table_remove(user->by_id, client->id);
    else
        g_queue_push_tail(&user->clients, client);
    if (!g_queue_is_empty(&user->clients))
        g_queue_push_tail(&queue->users, user);
    count_running(queue, user, 1);
    *ret_user = user;
    return job;
}

gboolean remote_work_queue_end(RemoteWorkQueue *queue, RemoteWorkUser *user)
{
    gboolean is_waiting = !g_queue_is_empty(&user->clients);

    count_running(queue, user, -1);
    if (!is_waiting && user->running == 0)
        g_hash_table_remove(queue->by_uid, GUINT_TO_POINTER(user->uid));
    return is_waiting;
}
