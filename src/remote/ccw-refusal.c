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
    gboolean answered;
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

/* The answer is small and the socket fresh: it is written at once, or the client does not want it. */
static gboolean answer(Refusal *refusal)
{
    CcwHeader call;
    g_autoptr(GByteArray) frame = NULL;

    if (!ccw_header_decode(refusal->head, &call, NULL) ||
        (call.type != CCW_TYPE_CALL && call.type != CCW_TYPE_CALL_WITH_FDS))
        return FALSE;
    frame = ccw_rpc_error_reply(&call, refusal->code, VIR_FROM_RPC, refusal->message);
    refusal->answered = TRUE;
    return send(refusal->fd, frame->data, frame->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)frame->len;
}

/* Once answered, what the client still sends is thrown away until it hangs up; else the answer could be lost. */
static gboolean read_some(Refusal *refusal)
{
    guint8 waste[4096];
    ssize_t n;

    if (refusal->answered) {
        n = recv(refusal->fd, waste, sizeof(waste), MSG_DONTWAIT);
        return n > 0 || (n < 0 && errno == EAGAIN);
    }
    n = recv(refusal->fd, refusal->head + refusal->length, sizeof(refusal->head) - refusal->length, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    refusal->length += (gsize)n;
    return refusal->length < sizeof(refusal->head) || answer(refusal);
}

static void on_event(guint32 events G_GNUC_UNUSED, gpointer data)
{
    if (!read_some(data))
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
