/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-refusal.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote/ccw-rpc-error.h"
#include "remote/ccw-wire.h"

#define REFUSALS_MAX 64
#define PATIENCE_SECONDS 5

typedef struct {
    int fd;
    CcwPollWatch *watch;
    guint timer;
    guint8 head[CCW_FRAME_HEAD];
    gsize length;
    gsize remaining; /* of the frame, which is thrown away */
    gint32 code;
    char *message;
} Refusal;

static guint refusals; /* in the main thread only */

static void refusal_free(Refusal *refusal)
{
    if (refusal->timer)
        g_source_remove(refusal->timer);
    ccw_poll_remove(refusal->watch);
    close(refusal->fd);
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

/* > 0: something came; 0: nothing now; < 0: the client has gone. */
static ssize_t receive(Refusal *refusal, void *buffer, gsize length)
{
    ssize_t n = recv(refusal->fd, buffer, length, MSG_DONTWAIT);

    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
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

void ccw_refuse(CcwPoll *poll, int fd, gint32 code, const char *message)
{
    Refusal *refusal;

    if (refusals >= REFUSALS_MAX) {
        close(fd);
        return;
    }
    refusals++;
    refusal = g_new0(Refusal, 1);
    refusal->fd = fd;
    refusal->code = code;
    refusal->message = g_strdup(message);
    refusal->watch = ccw_poll_add(poll, fd, EPOLLIN, on_event, refusal);
    refusal->timer = g_timeout_add_seconds(PATIENCE_SECONDS, on_timeout, refusal);
}
