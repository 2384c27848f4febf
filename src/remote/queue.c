/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/queue.h"

/* The clients of one user. It exists only while there are some. */
typedef struct {
    uid_t uid;
    GQueue places; /* CcwPlace, the first one to be served first */
    GList link;    /* in users */
} User;

struct _CcwQueue {
    CcwPoll *poll;
    void (*gone)(gpointer client);
    GQueue users; /* User, the next one to be served first */
    GHashTable *by_uid;
};

struct _CcwPlace {
    CcwQueue *queue;
    User *user;
    gpointer client;
    GList link;          /* in the user's places */
    CcwPollWatch *watch; /* notices that the client goes */
};

CcwQueue *ccw_queue_new(CcwPoll *poll, void (*gone)(gpointer client))
{
    CcwQueue *queue = g_new0(CcwQueue, 1);

    queue->poll = poll;
    queue->gone = gone;
    g_queue_init(&queue->users);
    queue->by_uid = g_hash_table_new(NULL, NULL);
    return queue;
}

void ccw_queue_free(CcwQueue *queue)
{
    g_hash_table_unref(queue->by_uid);
    g_free(queue);
}

gboolean ccw_queue_is_empty(const CcwQueue *queue)
{
    return queue->users.length == 0;
}

static User *get_user(CcwQueue *queue, uid_t uid)
{
    User *user = g_hash_table_lookup(queue->by_uid, GUINT_TO_POINTER(uid));

    if (!user) {
        user = g_new0(User, 1);
        user->uid = uid;
        user->link.data = user;
        g_queue_init(&user->places);
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
    CcwPlace *place = data;
    CcwQueue *queue = place->queue;

    queue->gone(ccw_queue_remove(place));
}

CcwPlace *ccw_queue_add(CcwQueue *queue, uid_t uid, int fd, gpointer client)
{
    CcwPlace *place = g_new0(CcwPlace, 1);

    *place = (CcwPlace){ .queue = queue, .user = get_user(queue, uid), .client = client };
    place->link.data = place;
    g_queue_push_tail_link(&place->user->places, &place->link);
    place->watch = ccw_poll_add(queue->poll, fd, EPOLLRDHUP, on_event, place);
    return place;
}

gpointer ccw_queue_remove(CcwPlace *place)
{
    User *user = place->user;
    gpointer client = place->client;

    ccw_poll_remove(place->watch);
    g_queue_unlink(&user->places, &place->link);
    if (g_queue_is_empty(&user->places)) {
        g_queue_unlink(&place->queue->users, &user->link);
        g_hash_table_remove(place->queue->by_uid, GUINT_TO_POINTER(user->uid));
        g_free(user);
    }
    g_free(place);
    return client;
}

gpointer ccw_queue_remove_any(CcwQueue *queue)
{
    User *user = g_queue_peek_head(&queue->users);

    return user ? ccw_queue_remove(g_queue_peek_head(&user->places)) : NULL;
}

/* Whoever was asked has had the turn, whether there was room or not; but root is always the first. */
gboolean ccw_queue_serve(CcwQueue *queue, gboolean (*serve)(gpointer client))
{
    GList *link = queue->users.head;

    for (guint left = queue->users.length; left > 0; left--) {
        User *user = link->data;
        const CcwPlace *place = g_queue_peek_head(&user->places);

        link = link->next;
        if (user->uid != 0) {
            g_queue_unlink(&queue->users, &user->link);
            g_queue_push_tail_link(&queue->users, &user->link);
        }
        if (serve(place->client))
            return TRUE;
    }
    return FALSE;
}
