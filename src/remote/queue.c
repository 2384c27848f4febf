/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/queue.h"

/* The waiting clients of one user. A user without any has no such struct. */
typedef struct {
    uid_t uid;
    GQueue clients; /* RemoteQueued, in the order of service */
    GList link;     /* link in the queue's users */
} User;

struct _RemoteQueue {
    RpcPoll *poll;
    void (*gone)(gpointer client);
    GQueue users; /* User, in the order of service */
    GHashTable *by_uid;
};

struct _RemoteQueued {
    RemoteQueue *queue;
    User *user;
    gpointer client;
    GList link;          /* link in the user's clients */
    RpcPollWatch *watch; /* notices that the client hangs up */
};

RemoteQueue *remote_queue_new(RpcPoll *poll, void (*gone)(gpointer client))
{
    RemoteQueue *queue = g_new0(RemoteQueue, 1);

    queue->poll = poll;
    queue->gone = gone;
    g_queue_init(&queue->users);
    queue->by_uid = g_hash_table_new(NULL, NULL);
    return queue;
}

void remote_queue_free(RemoteQueue *queue)
{
    g_hash_table_unref(queue->by_uid);
    g_free(queue);
}

gboolean remote_queue_is_empty(const RemoteQueue *queue)
{
    return queue->users.length == 0;
}

static User *get_user(RemoteQueue *queue, uid_t uid)
{
    User *user = g_hash_table_lookup(queue->by_uid, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(User, 1);
        user->uid = uid;
        user->link.data = user;
        g_queue_init(&user->clients);
        g_hash_table_insert(queue->by_uid, GUINT_TO_POINTER(uid), user);
        if (uid == 0)
            g_queue_push_head_link(&queue->users, &user->link);
        else
            g_queue_push_tail_link(&queue->users, &user->link);
    }
    return user;
}

static void on_event(guint32 events G_GNUC_UNUSED, gpointer data)
{
    RemoteQueued *entry = data;
    RemoteQueue *queue = entry->queue;

    queue->gone(remote_queue_remove(entry));
}

RemoteQueued *remote_queue_add(RemoteQueue *queue, uid_t uid, int fd, gpointer client)
{
    RemoteQueued *entry = g_new0(RemoteQueued, 1);

    *entry = (RemoteQueued){ .queue = queue, .user = get_user(queue, uid), .client = client };
    entry->link.data = entry;
    g_queue_push_tail_link(&entry->user->clients, &entry->link);
    entry->watch = rpc_poll_add(queue->poll, fd, EPOLLRDHUP, on_event, entry);
    return entry;
}

gpointer remote_queue_remove(RemoteQueued *entry)
{
    User *user = entry->user;
    gpointer client = entry->client;

    rpc_poll_remove(entry->watch);
    g_queue_unlink(&user->clients, &entry->link);
    if (g_queue_is_empty(&user->clients)) {
        g_queue_unlink(&entry->queue->users, &user->link);
        g_hash_table_remove(entry->queue->by_uid, GUINT_TO_POINTER(user->uid));
        g_free(user);
    }
    g_free(entry);
    return client;
}

gpointer remote_queue_remove_any(RemoteQueue *queue)
{
    User *user = g_queue_peek_head(&queue->users);

    return user ? remote_queue_remove(g_queue_peek_head(&user->clients)) : NULL;
}

/* A user moves to the end once @serve was called for its first client, whether it had room or not. root stays first. */
gboolean remote_queue_serve(RemoteQueue *queue, gboolean (*serve)(gpointer client))
{
    GList *link = queue->users.head;

    for (guint left = queue->users.length; left > 0; left--) {
        User *user = link->data;
        const RemoteQueued *entry = g_queue_peek_head(&user->clients);

        link = link->next;
        if (user->uid != 0) {
            g_queue_unlink(&queue->users, &user->link);
            g_queue_push_tail_link(&queue->users, &user->link);
        }
        if (serve(entry->client))
            return TRUE;
    }
    return FALSE;
}
