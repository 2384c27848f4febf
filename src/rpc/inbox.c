/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/inbox.h"

#include <string.h>
#include <unistd.h>

#include "util/endian.h"
#include "util/error.h"

/* One call of rpc_inbox_feed(): the bytes that are left, and the run of bytes to be passed together. */
typedef struct {
    RpcInbox *inbox;
    const guint8 *start;
    const guint8 *at;
    gsize left;
    const guint8 *run;
    gsize run_length;
    GArray *fds;
    gboolean stopped;
    gboolean paused;
    GError **error;
} Feed;

void rpc_inbox_init(RpcInbox *inbox, const RpcInboxOps *ops, gpointer data)
{
    *inbox = (RpcInbox){ .ops = ops, .data = data };
}

static void close_fds(const RpcInbox *inbox, GArray *fds)
{
    ccw_fds_close(inbox->closer, fds);
    g_array_unref(fds);
}

void rpc_inbox_clear(RpcInbox *inbox)
{
    g_clear_pointer(&inbox->held, g_byte_array_unref);
    if (inbox->held_fds)
        close_fds(inbox, g_steal_pointer(&inbox->held_fds));
    inbox->is_holding = FALSE; /* otherwise the account would charge the user for the frame for ever */
}

gboolean rpc_inbox_at_boundary(const RpcInbox *inbox)
{
    return inbox->state == RPC_INBOX_HEAD || inbox->state == RPC_INBOX_COUNT || inbox->is_holding || inbox->dropping;
}

void rpc_inbox_want_boundary(RpcInbox *inbox)
{
    inbox->want_boundary = TRUE;
}

static void advance(Feed *feed, gsize length)
{
    feed->at += length;
    feed->left -= length;
}

static void pass_run(Feed *feed)
{
    if (feed->run_length)
        feed->inbox->ops->pass(feed->run, feed->run_length, feed->inbox->data);
    feed->run_length = 0;
}

/* Passes the bytes of this feed in runs as long as possible: many small frames are one write. */
static void pass(Feed *feed, const guint8 *bytes, gsize length)
{
    if (feed->run_length && feed->run + feed->run_length != bytes)
        pass_run(feed);
    if (!feed->run_length)
        feed->run = bytes;
    feed->run_length += length;
}

static void frame_ended(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    inbox->state = RPC_INBOX_HEAD;
    inbox->head_length = 0;
    inbox->is_holding = FALSE;
    inbox->dropping = FALSE;
    if (inbox->want_boundary) {
        pass_run(feed);
        inbox->want_boundary = FALSE;
        inbox->ops->boundary(inbox->data);
    }
}

static void body_ended(Feed *feed)
{
    if (feed->inbox->fds)
        feed->inbox->state = RPC_INBOX_FDS;
    else
        frame_ended(feed);
}

static void frame_held(Feed *feed, const guint8 *payload, gsize length)
{
    RpcInbox *inbox = feed->inbox;
    g_autoptr(GByteArray) held G_GNUC_UNUSED = g_steal_pointer(&inbox->held);
    GArray *fds = g_steal_pointer(&inbox->held_fds);

    pass_run(feed);
    if (!inbox->ops->frame(&inbox->header, payload, length, fds, inbox->data))
        feed->stopped = TRUE;
    if (fds)
        close_fds(inbox, fds);
    frame_ended(feed);
}

static void body_held(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    if (inbox->fds)
        inbox->state = RPC_INBOX_FDS;
    else if (inbox->held)
        frame_held(feed, inbox->held->data, inbox->held->len);
    else
        frame_held(feed, feed->at, 0);
}

static void begin_holding(Feed *feed)
{
    feed->inbox->state = RPC_INBOX_BODY;
    if (feed->inbox->remaining == 0)
        body_held(feed);
}

static void begin_dropping(Feed *feed)
{
    pass_run(feed);
    feed->inbox->state = RPC_INBOX_BODY;
    if (feed->inbox->remaining == 0)
        body_ended(feed);
}

/* Passes the head, which came in this feed as a whole, or began in an earlier feed. */
static void begin_passing(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    if ((gsize)(feed->at - feed->start) >= inbox->head_length)
        pass(feed, feed->at - inbox->head_length, inbox->head_length);
    else
        inbox->ops->pass(inbox->head, inbox->head_length, inbox->data);
    inbox->state = RPC_INBOX_BODY;
    if (inbox->remaining == 0)
        body_ended(feed);
}

static void begin_body(Feed *feed)
{
    if (feed->inbox->is_holding)
        begin_holding(feed);
    else if (feed->inbox->dropping)
        begin_dropping(feed);
    else
        begin_passing(feed);
}

static gboolean read_count(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    inbox->fds = ccw_load_be32(inbox->head + RPC_FRAME_HEAD);
    if (inbox->fds > RPC_FRAME_FDS_MAX) {
        g_set_error(feed->error, CCW_ERROR, CCW_ERROR_PROTOCOL, "a frame announces %u file descriptors, %u are allowed",
                    inbox->fds, RPC_FRAME_FDS_MAX);
        return FALSE;
    }
    inbox->remaining -= 4;
    inbox->header.fds = inbox->fds;
    begin_body(feed);
    return TRUE;
}

static gboolean read_header(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    if (!rpc_header_decode(inbox->head, &inbox->header, feed->error))
        return FALSE;
    inbox->remaining = inbox->header.length - RPC_FRAME_HEAD;
    inbox->fds = 0;
    switch (inbox->ops->header(&inbox->header, inbox->data)) {
    case RPC_INBOX_STOP:
        feed->stopped = TRUE;
        return TRUE;
    case RPC_INBOX_HOLD:
        inbox->is_holding = TRUE;
        break;
    case RPC_INBOX_DROP:
        inbox->dropping = TRUE;
        break;
    case RPC_INBOX_PASS:
        break;
    }
    if (!rpc_header_has_fds(&inbox->header)) {
        begin_body(feed);
    } else if (inbox->remaining < 4) {
        g_set_error(feed->error, CCW_ERROR, CCW_ERROR_PROTOCOL,
                    "a frame of %u bytes has no room for its count of file descriptors", inbox->header.length);
        return FALSE;
    } else {
        inbox->state = RPC_INBOX_COUNT;
    }
    return TRUE;
}

/* Collects the head of a frame in the inbox, because the head may come in parts, over several feeds. */
static gboolean feed_head(Feed *feed, guint wanted, gboolean (*complete)(Feed *feed))
{
    RpcInbox *inbox = feed->inbox;
    gsize length = MIN(feed->left, wanted - inbox->head_length);

    memcpy(inbox->head + inbox->head_length, feed->at, length);
    inbox->head_length += (guint)length;
    advance(feed, length);
    return inbox->head_length < wanted || complete(feed);
}

static gboolean is_kept(const RpcInbox *inbox, gsize length)
{
    return !inbox->ops->keeps || inbox->ops->keeps(&inbox->header, length, inbox->data);
}

static void drop_held(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;

    g_clear_pointer(&inbox->held, g_byte_array_unref);
    inbox->is_holding = FALSE;
    inbox->dropping = TRUE;
}

/*
 * Hands a frame that came in one piece over without a copy. Otherwise collects the frame as it comes, and reserves no
 * memory by its announced length.
 */
static void feed_held(Feed *feed, gsize length)
{
    RpcInbox *inbox = feed->inbox;
    const guint8 *bytes = feed->at;

    advance(feed, length);
    if (!inbox->held && length == inbox->remaining && !inbox->fds) {
        frame_held(feed, bytes, length);
        return;
    }
    if (!inbox->held)
        inbox->held = g_byte_array_new();
    g_byte_array_append(inbox->held, bytes, (guint)length);
    inbox->remaining -= length;
    if (inbox->remaining == 0)
        body_held(feed);
}

static void feed_body(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;
    gsize length = MIN(feed->left, inbox->remaining);

    if (inbox->is_holding && !is_kept(inbox, length))
        drop_held(feed);
    if (inbox->is_holding) {
        feed_held(feed, length);
        return;
    }
    if (!inbox->dropping)
        pass(feed, feed->at, length);
    advance(feed, length);
    inbox->remaining -= length;
    if (inbox->remaining == 0)
        body_ended(feed);
}

static void fd_passed(Feed *feed, int fd)
{
    if (feed->inbox->dropping)
        ccw_fd_close(feed->inbox->closer, fd);
    else
        feed->inbox->ops->pass_fd(fd, feed->inbox->data);
    if (!feed->inbox->fds)
        frame_ended(feed);
}

static void fd_held(Feed *feed, int fd)
{
    RpcInbox *inbox = feed->inbox;

    if (!inbox->held_fds)
        inbox->held_fds = g_array_new(FALSE, FALSE, sizeof(gint));
    g_array_append_val(inbox->held_fds, fd);
    if (!inbox->fds)
        body_held(feed);
}

static gboolean feed_fd(Feed *feed)
{
    RpcInbox *inbox = feed->inbox;
    int fd;

    if (feed->fds->len == 0) {
        g_set_error_literal(feed->error, CCW_ERROR, CCW_ERROR_PROTOCOL,
                            "a byte came where a file descriptor was announced");
        return FALSE;
    }
    pass_run(feed);
    fd = g_array_index(feed->fds, gint, 0);
    g_array_remove_index(feed->fds, 0);
    advance(feed, 1);
    inbox->fds--;
    if (inbox->is_holding)
        fd_held(feed, fd);
    else
        fd_passed(feed, fd);
    return TRUE;
}

static gboolean is_ready(const RpcInbox *inbox)
{
    return inbox->head_length > 0 || !inbox->ops->ready || inbox->ops->ready(inbox->data);
}

static gboolean feed_some(Feed *feed)
{
    switch (feed->inbox->state) {
    case RPC_INBOX_HEAD:
        feed->paused = !is_ready(feed->inbox);
        if (feed->paused)
            return TRUE;
        return feed_head(feed, RPC_FRAME_HEAD, read_header);
    case RPC_INBOX_COUNT:
        return feed_head(feed, RPC_FRAME_HEAD + 4, read_count);
    case RPC_INBOX_FDS:
        return feed_fd(feed);
    case RPC_INBOX_BODY:
        feed_body(feed);
        return TRUE;
    }
    return TRUE;
}

gboolean rpc_inbox_feed(RpcInbox *inbox, const guint8 *bytes, gsize length, GArray *fds, gboolean *ret_stopped,
                        GError **error)
{
    Feed feed = { .inbox = inbox, .start = bytes, .at = bytes, .left = length, .fds = fds, .error = error };

    inbox->unread = 0;
    while (feed.left && !feed.stopped && !feed.paused)
        if (!feed_some(&feed))
            return FALSE;
    if (!feed.stopped)
        pass_run(&feed);
    if (feed.paused)
        inbox->unread = feed.left;
    else if (!feed.stopped && fds->len) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "%u file descriptors came that no frame announced", fds->len);
        return FALSE;
    }
    *ret_stopped = feed.stopped;
    return TRUE;
}
