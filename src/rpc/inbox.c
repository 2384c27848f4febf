/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/inbox.h"

#include <string.h>
#include <unistd.h>

#include "util/endian.h"
#include "util/error.h"

/* One call of ccw_inbox_feed: what is left to read, and the run of bytes that are to be passed on together. */
typedef struct {
    CcwInbox *inbox;
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

void ccw_inbox_init(CcwInbox *inbox, const CcwInboxOps *ops, gpointer data)
{
    *inbox = (CcwInbox){ .ops = ops, .data = data };
}

static void close_fds(const CcwInbox *inbox, GArray *fds)
{
    ccw_fds_close(inbox->closer, fds);
    g_array_unref(fds);
}

void ccw_inbox_clear(CcwInbox *inbox)
{
    g_clear_pointer(&inbox->taken, g_byte_array_unref);
    if (inbox->taken_fds)
        close_fds(inbox, g_steal_pointer(&inbox->taken_fds));
    inbox->taking = FALSE; /* or its user is charged for the rest of the frame for ever */
}

gboolean ccw_inbox_at_boundary(const CcwInbox *inbox)
{
    return inbox->state == CCW_INBOX_HEAD || inbox->state == CCW_INBOX_COUNT || inbox->taking || inbox->dropping;
}

void ccw_inbox_want_boundary(CcwInbox *inbox)
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

/* Bytes of this feed are passed in runs as long as possible: many small frames are one write. */
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
    CcwInbox *inbox = feed->inbox;

    inbox->state = CCW_INBOX_HEAD;
    inbox->head_length = 0;
    inbox->taking = FALSE;
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
        feed->inbox->state = CCW_INBOX_FDS;
    else
        frame_ended(feed);
}

static void frame_taken(Feed *feed, const guint8 *payload, gsize length)
{
    CcwInbox *inbox = feed->inbox;
    g_autoptr(GByteArray) taken G_GNUC_UNUSED = g_steal_pointer(&inbox->taken);
    GArray *fds = g_steal_pointer(&inbox->taken_fds);

    pass_run(feed);
    if (!inbox->ops->frame(&inbox->header, payload, length, fds, inbox->data))
        feed->stopped = TRUE;
    if (fds)
        close_fds(inbox, fds);
    frame_ended(feed);
}

static void body_taken(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;

    if (inbox->fds)
        inbox->state = CCW_INBOX_FDS;
    else if (inbox->taken)
        frame_taken(feed, inbox->taken->data, inbox->taken->len);
    else
        frame_taken(feed, feed->at, 0);
}

static void begin_taking(Feed *feed)
{
    feed->inbox->state = CCW_INBOX_BODY;
    if (feed->inbox->remaining == 0)
        body_taken(feed);
}

static void begin_dropping(Feed *feed)
{
    pass_run(feed);
    feed->inbox->state = CCW_INBOX_BODY;
    if (feed->inbox->remaining == 0)
        body_ended(feed);
}

/* Its head came in this feed as a whole, just now, or began in an earlier one. */
static void begin_passing(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;

    if ((gsize)(feed->at - feed->start) >= inbox->head_length)
        pass(feed, feed->at - inbox->head_length, inbox->head_length);
    else
        inbox->ops->pass(inbox->head, inbox->head_length, inbox->data);
    inbox->state = CCW_INBOX_BODY;
    if (inbox->remaining == 0)
        body_ended(feed);
}

static void begin_body(Feed *feed)
{
    if (feed->inbox->taking)
        begin_taking(feed);
    else if (feed->inbox->dropping)
        begin_dropping(feed);
    else
        begin_passing(feed);
}

static gboolean read_count(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;

    inbox->fds = ccw_load_be32(inbox->head + CCW_FRAME_HEAD);
    if (inbox->fds > CCW_FRAME_FDS_MAX) {
        g_set_error(feed->error, CCW_ERROR, CCW_ERROR_PROTOCOL, "a frame announces %u file descriptors, %u are allowed",
                    inbox->fds, CCW_FRAME_FDS_MAX);
        return FALSE;
    }
    inbox->remaining -= 4;
    inbox->header.fds = inbox->fds;
    begin_body(feed);
    return TRUE;
}

static gboolean read_header(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;

    if (!ccw_header_decode(inbox->head, &inbox->header, feed->error))
        return FALSE;
    inbox->remaining = inbox->header.length - CCW_FRAME_HEAD;
    inbox->fds = 0;
    switch (inbox->ops->header(&inbox->header, inbox->data)) {
    case CCW_INBOX_STOP:
        feed->stopped = TRUE;
        return TRUE;
    case CCW_INBOX_TAKE:
        inbox->taking = TRUE;
        break;
    case CCW_INBOX_DROP:
        inbox->dropping = TRUE;
        break;
    case CCW_INBOX_PASS:
        break;
    }
    if (!ccw_header_has_fds(&inbox->header)) {
        begin_body(feed);
    } else if (inbox->remaining < 4) {
        g_set_error(feed->error, CCW_ERROR, CCW_ERROR_PROTOCOL,
                    "a frame of %u bytes has no room for its count of file descriptors", inbox->header.length);
        return FALSE;
    } else {
        inbox->state = CCW_INBOX_COUNT;
    }
    return TRUE;
}

/* The head of a frame may come in parts; it is put together in the inbox, where it outlives the feed. */
static gboolean feed_head(Feed *feed, guint wanted, gboolean (*complete)(Feed *feed))
{
    CcwInbox *inbox = feed->inbox;
    gsize length = MIN(feed->left, wanted - inbox->head_length);

    memcpy(inbox->head + inbox->head_length, feed->at, length);
    inbox->head_length += (guint)length;
    advance(feed, length);
    return inbox->head_length < wanted || complete(feed);
}

static gboolean is_kept(const CcwInbox *inbox, gsize length)
{
    return !inbox->ops->keeps || inbox->ops->keeps(&inbox->header, length, inbox->data);
}

static void drop_taken(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;

    g_clear_pointer(&inbox->taken, g_byte_array_unref);
    inbox->taking = FALSE;
    inbox->dropping = TRUE;
}

/* A frame that came in one piece is handed over where it lies; else it grows as it comes, whatever its length says. */
static void feed_taken(Feed *feed, gsize length)
{
    CcwInbox *inbox = feed->inbox;
    const guint8 *bytes = feed->at;

    advance(feed, length);
    if (!inbox->taken && length == inbox->remaining && !inbox->fds) {
        frame_taken(feed, bytes, length);
        return;
    }
    if (!inbox->taken)
        inbox->taken = g_byte_array_new();
    g_byte_array_append(inbox->taken, bytes, (guint)length);
    inbox->remaining -= length;
    if (inbox->remaining == 0)
        body_taken(feed);
}

static void feed_body(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;
    gsize length = MIN(feed->left, inbox->remaining);

    if (inbox->taking && !is_kept(inbox, length))
        drop_taken(feed);
    if (inbox->taking) {
        feed_taken(feed, length);
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

static void fd_taken(Feed *feed, int fd)
{
    CcwInbox *inbox = feed->inbox;

    if (!inbox->taken_fds)
        inbox->taken_fds = g_array_new(FALSE, FALSE, sizeof(gint));
    g_array_append_val(inbox->taken_fds, fd);
    if (!inbox->fds)
        body_taken(feed);
}

static gboolean feed_fd(Feed *feed)
{
    CcwInbox *inbox = feed->inbox;
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
    if (inbox->taking)
        fd_taken(feed, fd);
    else
        fd_passed(feed, fd);
    return TRUE;
}

static gboolean is_ready(const CcwInbox *inbox)
{
    return inbox->head_length > 0 || !inbox->ops->ready || inbox->ops->ready(inbox->data);
}

static gboolean feed_some(Feed *feed)
{
    switch (feed->inbox->state) {
    case CCW_INBOX_HEAD:
        feed->paused = !is_ready(feed->inbox);
        if (feed->paused)
            return TRUE;
        return feed_head(feed, CCW_FRAME_HEAD, read_header);
    case CCW_INBOX_COUNT:
        return feed_head(feed, CCW_FRAME_HEAD + 4, read_count);
    case CCW_INBOX_FDS:
        return feed_fd(feed);
    case CCW_INBOX_BODY:
        feed_body(feed);
        return TRUE;
    }
    return TRUE;
}

gboolean ccw_inbox_feed(CcwInbox *inbox, const guint8 *bytes, gsize length, GArray *fds, gboolean *ret_stopped,
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
