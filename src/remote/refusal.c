/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/refusal.h"

#include <libvirt/virterror.h>
#include <sys/socket.h>

#include "rpc/rpc-error.h"
#include "rpc/wire.h"

#define REFUSALS_MAX 64
#define REFUSALS_USER_MAX 16 /* of one user other than root */
#define PATIENCE_SECONDS 5

typedef struct {
    CcwLimits *limits;
    uid_t uid;
    int fd;
    CcwPollWatch *watch;
    guint timer;
    guint8 head[CCW_FRAME_HEAD];
    gsize length;
    gsize remaining; /* of the frame, which is thrown away */
    gint32 code;
    char *message;
} Refusal;

/* In the main thread only. */
static guint refusals;
static GHashTable *by_user; /* uid -> how many of them */

/* Counts one more, or less, of a user. Returns how many there are then. */
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

static void refusal_free(Refusal *refusal)
{
    if (refusal->timer)
        g_source_remove(refusal->timer);
    ccw_poll_remove(refusal->watch);
    ccw_limits_hang_up(refusal->limits, refusal->uid, refusal->fd);
    count_user(refusal->uid, -1);
    g_free(refusal->message);
    g_free(refusal);
    refusals--;
}

static gboolean on_timeout(gpointer data)
{
    Refusal *refusal = data;

    refusal->timer = 0;
    refusal_free(refusal);
    return G_SOURCE_REMOVE;
}

/* The answer is small: it is written at once, or the client does not want it. */
static gboolean answer(Refusal *refusal, const CcwHeader *call)
{
    g_autoptr(GByteArray) frame = ccw_rpc_error_reply(call, refusal->code, VIR_FROM_RPC, refusal->message);

    return send(refusal->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

static gboolean end_head(Refusal *refusal)
{
    CcwHeader header;

    if (!ccw_header_decode(refusal->head, &header, NULL))
        return FALSE;
    refusal->length = 0;
    refusal->remaining = header.length - CCW_FRAME_HEAD;
    if (header.type == CCW_TYPE_CALL)
        return answer(refusal, &header);
    return !ccw_header_has_fds(&header);
}

/* > 0: something came; 0: nothing now; < 0: the client has gone, or sends descriptors. */
static ssize_t receive(Refusal *refusal, void *buffer, gsize length)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t n = ccw_fd_receive(refusal->fd, buffer, length, fds);

    for (guint i = 0; i < fds->len; i++)
        ccw_limits_close(refusal->limits, refusal->uid, g_array_index(fds, gint, i));
    return fds->len ? -1 : n;
}

/* FALSE: it is over. */
static gboolean read_some(Refusal *refusal)
{
    guint8 waste[4096];
    ssize_t n;

    if (refusal->remaining) {
        n = receive(refusal, waste, MIN(sizeof(waste), refusal->remaining));
        refusal->remaining -= (gsize)MAX(n, 0);
        return n >= 0;
    }
    n = receive(refusal, refusal->head + refusal->length, sizeof(refusal->head) - refusal->length);
    refusal->length += (gsize)MAX(n, 0);
    return n >= 0 && (refusal->length < sizeof(refusal->head) || end_head(refusal));
}

static void on_event(guint32 events, gpointer data)
{
    if (events & CCW_POLL_FAILED || !read_some(data))
        refusal_free(data);
}

void ccw_refuse(CcwPoll *poll, CcwLimits *limits, uid_t uid, int fd, gint32 code, const char *message)
{
    guint of_user = count_user(uid, 1);
    Refusal *refusal;

    if (refusals >= REFUSALS_MAX || (uid != 0 && of_user > REFUSALS_USER_MAX)) {
        count_user(uid, -1);
        ccw_limits_hang_up(limits, uid, fd);
        return;
    }
    refusals++;
    refusal = g_new0(Refusal, 1);
    refusal->limits = limits;
    refusal->uid = uid;
    refusal->fd = fd;
    refusal->code = code;
    refusal->message = g_strdup(message);
    refusal->watch = ccw_poll_add(poll, fd, EPOLLIN, on_event, refusal);
    refusal->timer = g_timeout_add_seconds(PATIENCE_SECONDS, on_timeout, refusal);
}
