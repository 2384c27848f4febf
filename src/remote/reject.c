/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/reject.h"

#include <libvirt/virterror.h>
#include <sys/socket.h>

#include "rpc/rpc-error.h"
#include "rpc/wire.h"
#include "util/timer.h"

#define REJECTIONS_MAX 64
#define REJECTIONS_USER_MAX 16 /* maximum for one user other than root */
#define WAIT_SECONDS 5

typedef struct {
    RemoteLimits *limits;
    uid_t uid;
    int fd;
    RpcPollWatch *watch;
    guint timer;
    guint8 head[RPC_FRAME_HEAD];
    gsize length;
    gsize remaining; /* unread bytes of the current frame, which are thrown away */
    gint32 code;
    char *message;
} Rejection;

/* For the main thread only. */
static guint rejections;    /* number of rejected clients whose sockets are open */
static GHashTable *by_user; /* uid -> number of them */

/* Adds @difference to the number of a user's rejections. Returns: the new number. */
static guint count_user(uid_t uid, gint difference)
{
    guint count;

    if (!by_user)
        by_user = g_hash_table_new(NULL, NULL);
    count = GPOINTER_TO_UINT(g_hash_table_lookup(by_user, GUINT_TO_POINTER(uid))) + (guint)difference;
    if (count)
        g_hash_table_replace(by_user, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(by_user, GUINT_TO_POINTER(uid));
    return count;
}

static void rejection_free(Rejection *rejection)
{
    if (rejection->timer)
        ccw_timer_remove(rejection->timer);
    rpc_poll_remove(rejection->watch);
    remote_limits_hang_up(rejection->limits, rejection->uid, rejection->fd);
    count_user(rejection->uid, -1);
    g_free(rejection->message);
    g_free(rejection);
    rejections--;
}

static gboolean on_timeout(gpointer data)
{
    Rejection *rejection = data;

    rejection->timer = 0;
    rejection_free(rejection);
    return G_SOURCE_REMOVE;
}

/*
 * Returns: FALSE if the socket does not take the whole answer. The answer is small, so such a client does not read it.
 */
static gboolean answer(Rejection *rejection, const RpcHeader *call)
{
    g_autoptr(GByteArray) frame = rpc_error_reply(call, rejection->code, VIR_FROM_RPC, rejection->message);

    return send(rejection->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

static gboolean end_head(Rejection *rejection)
{
    RpcHeader header;

    if (!rpc_header_decode(rejection->head, &header, NULL))
        return FALSE;
    rejection->length = 0;
    rejection->remaining = header.length - RPC_FRAME_HEAD;
    if (header.type == RPC_TYPE_CALL)
        return answer(rejection, &header);
    return !rpc_header_has_fds(&header);
}

/* Returns: > 0: the number of bytes received; 0: no bytes now; < 0: the client has left, or sends descriptors. */
static ssize_t receive(Rejection *rejection, void *buffer, gsize length)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t n = ccw_fd_receive(rejection->fd, buffer, length, fds);

    for (guint i = 0; i < fds->len; i++)
        remote_limits_close(rejection->limits, rejection->uid, g_array_index(fds, gint, i));
    return fds->len ? -1 : n;
}

/* Returns: FALSE if the rejection must end. */
static gboolean read_some(Rejection *rejection)
{
    guint8 waste[4096];
    ssize_t n;

    if (rejection->remaining) {
        n = receive(rejection, waste, MIN(sizeof(waste), rejection->remaining));
        rejection->remaining -= (gsize)MAX(n, 0);
        return n >= 0;
    }
    n = receive(rejection, rejection->head + rejection->length, sizeof(rejection->head) - rejection->length);
    rejection->length += (gsize)MAX(n, 0);
    return n >= 0 && (rejection->length < sizeof(rejection->head) || end_head(rejection));
}

static void on_event(guint32 events, gpointer data)
{
    if (events & RPC_POLL_FAILED || !read_some(data))
        rejection_free(data);
}

void remote_reject(RpcPoll *poll, RemoteLimits *limits, uid_t uid, int fd, gint32 code, const char *message)
{
    guint of_user = count_user(uid, 1);
    Rejection *rejection;

    if (rejections >= REJECTIONS_MAX || (uid != 0 && of_user > REJECTIONS_USER_MAX)) {
        count_user(uid, -1);
        remote_limits_hang_up(limits, uid, fd);
        return;
    }
    rejections++;
    rejection = g_new0(Rejection, 1);
    rejection->limits = limits;
    rejection->uid = uid;
    rejection->fd = fd;
    rejection->code = code;
    rejection->message = g_strdup(message);
    rejection->watch = rpc_poll_add(poll, fd, EPOLLIN, on_event, rejection);
    rpc_poll_set_group(rejection->watch, uid);
    rejection->timer = ccw_timer_add(WAIT_SECONDS * 1000, on_timeout, rejection);
}
