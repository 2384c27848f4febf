/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/side.h"

#include "util/log.h"

/* All connections share this buffer: they run in one thread, and keep no bytes in it from one read to the next. */
static guint8 read_buffer[REMOTE_READ_SIZE];

/* A frame of ours that waits until the current frame has passed. */
typedef struct {
    const CcwFdCloser *closer;
    GByteArray *frame;
    GArray *fds; /* or NULL if none follows the bytes */
} Deferred;

static void deferred_free(Deferred *deferred)
{
    g_byte_array_unref(deferred->frame);
    if (deferred->fds) {
        ccw_fds_close(deferred->closer, deferred->fds);
        g_array_unref(deferred->fds);
    }
    g_free(deferred);
}

void remote_side_init(RemoteSide *side, RemoteSide *other, int fd, const RpcInboxOps *ops, RpcPoll *poll,
                      RpcPollFunc on_event, const CcwFdCloser *closer)
{
    side->other = other;
    side->fd = fd;
    side->closing_fd = -1;
    side->closer = closer;
    rpc_inbox_init(&side->inbox, ops, side);
    side->inbox.closer = closer;
    rpc_outbox_init(&side->outbox, fd);
    side->outbox.closer = closer;
    side->watch = rpc_poll_add(poll, fd, 0, on_event, side);
}

static void forget_unread(RemoteSide *side)
{
    g_clear_pointer(&side->unread, g_byte_array_unref);
    if (side->unread_fds)
        ccw_fds_close(side->closer, side->unread_fds);
    g_clear_pointer(&side->unread_fds, g_array_unref);
}

static void forget_deferred(RemoteSide *side)
{
    g_clear_pointer(&side->deferred, g_ptr_array_unref);
    side->deferred_bytes = 0;
    side->deferred_fds = 0;
}

int remote_side_close(RemoteSide *side)
{
    int fd = side->fd;

    if (fd < 0)
        return -1;
    rpc_poll_remove(side->watch);
    side->watch = NULL;
    rpc_outbox_clear(&side->outbox);
    if (rpc_outbox_is_acquired(&side->outbox)) {
        side->closing_fd = fd;
        fd = -1;
    }
    side->fd = -1;
    forget_deferred(side);
    forget_unread(side);
    return fd;
}

int remote_side_take_closed(RemoteSide *side)
{
    int fd = side->closing_fd;

    if (rpc_outbox_is_acquired(&side->outbox))
        return -1;
    rpc_outbox_collect(&side->outbox);
    side->closing_fd = -1;
    return fd;
}

void remote_side_watch(RemoteSide *side, gboolean is_read)
{
    guint32 events = is_read ? EPOLLIN : 0;

    /* Unread bytes cause no event, and virtccwd reads no more before it has used them. */
    if (events && side->unread) {
        rpc_poll_again(side->watch);
        events = 0;
    }
    /* After a worker has sent its frame, the main thread updates the connection and calls this function again. */
    if (!rpc_outbox_is_empty(&side->outbox) && !rpc_outbox_is_acquired(&side->outbox))
        events |= EPOLLOUT;
    /* Notice the hang-up of a client that virtccwd neither reads nor writes: other clients need what it holds. */
    if (!events && side->index == REMOTE_SIDE_CLIENT)
        events = EPOLLHUP;
    rpc_poll_set(side->watch, events);
}

static void write_frame(RemoteSide *side, const GByteArray *frame, GArray *fds)
{
    rpc_outbox_write(&side->outbox, frame->data, frame->len);
    for (guint i = 0; fds && i < fds->len; i++)
        rpc_outbox_write_fd(&side->outbox, g_array_index(fds, gint, i));
    if (fds)
        g_array_set_size(fds, 0);
}

static void defer(RemoteSide *side, GByteArray *frame, GArray *fds)
{
    Deferred *deferred = g_new0(Deferred, 1);

    deferred->closer = side->closer;
    deferred->frame = g_byte_array_ref(frame);
    if (fds && fds->len) {
        deferred->fds = g_array_new(FALSE, FALSE, sizeof(gint));
        g_array_append_vals(deferred->fds, fds->data, fds->len);
        g_array_set_size(fds, 0);
    }
    if (!side->deferred)
        side->deferred = g_ptr_array_new_with_free_func((GDestroyNotify)deferred_free);
    g_ptr_array_add(side->deferred, deferred);
    side->deferred_bytes += frame->len;
    side->deferred_fds += deferred->fds ? deferred->fds->len : 0;
    rpc_inbox_want_boundary(&side->other->inbox);
}

gboolean remote_side_send(RemoteSide *side, GByteArray *frame, GArray *fds)
{
    if (side->fd < 0) {
        if (fds)
            ccw_fds_close(side->closer, fds);
        return FALSE;
    }
    if (!rpc_inbox_at_boundary(&side->other->inbox)) {
        defer(side, frame, fds);
        return FALSE;
    }
    write_frame(side, frame, fds);
    return TRUE;
}

void remote_side_pass(const guint8 *bytes, gsize length, gpointer data)
{
    rpc_outbox_write(&((RemoteSide *)data)->other->outbox, bytes, length);
}

void remote_side_pass_fd(int fd, gpointer data)
{
    rpc_outbox_write_fd(&((RemoteSide *)data)->other->outbox, fd);
}

void remote_side_pass_ended(gpointer data)
{
    RemoteSide *to = ((RemoteSide *)data)->other;
    g_autoptr(GPtrArray) deferred = g_steal_pointer(&to->deferred);

    to->deferred_bytes = 0;
    to->deferred_fds = 0;
    for (guint i = 0; deferred && i < deferred->len; i++) {
        const Deferred *frame = g_ptr_array_index(deferred, i);

        write_frame(to, frame->frame, frame->fds);
    }
}

/* Keeps the bytes that the inbox has not used. @bytes: newly received, or kept before */
static void keep_unread(RemoteSide *side, const guint8 *bytes, gsize length, GArray *fds)
{
    gsize left = side->inbox.unread;

    if (left == 0) {
        forget_unread(side);
        return;
    }
    if (side->unread) {
        side->unread_at = side->unread->len - left;
        return;
    }
    side->unread = g_byte_array_append(g_byte_array_new(), bytes + length - left, (guint)left);
    side->unread_at = 0;
    side->unread_fds = g_array_new(FALSE, FALSE, sizeof(gint));
    g_array_append_vals(side->unread_fds, fds->data, fds->len);
    g_array_set_size(fds, 0);
}

/* Returns: FALSE if the side is of no more use. */
static gboolean feed(RemoteSide *side, const guint8 *bytes, gsize length, GArray *fds)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;
    gboolean stopped = FALSE;
    gboolean is_fed;

    if (side->index == REMOTE_SIDE_CLIENT)
        rpc_outbox_cork(&side->outbox);
    is_fed = rpc_inbox_feed(&side->inbox, bytes, length, fds, &stopped, &error);
    if (side->index == REMOTE_SIDE_CLIENT)
        rpc_outbox_uncork(&side->outbox);
    if (!is_fed) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s broke the protocol: %s",
                        side->index == REMOTE_SIDE_CLIENT ? "a client" : "libvirt", error->message);
    } else if (!stopped && side->fd >= 0) {
        keep_unread(side, bytes, length, fds);
    }
    return !error && !stopped;
}

gboolean remote_side_read(RemoteSide *side)
{
    static GArray *fds; /* only filled during a read */
    gboolean goes_on;
    ssize_t n;

    if (side->unread) {
        /* An operation of the inbox may close the side, which drops its unread bytes. */
        g_autoptr(GByteArray) unread = g_byte_array_ref(side->unread);
        g_autoptr(GArray) unread_fds = g_array_ref(side->unread_fds);

        return feed(side, unread->data + side->unread_at, unread->len - side->unread_at, unread_fds);
    }
    if (!fds)
        fds = g_array_new(FALSE, FALSE, sizeof(gint));
    n = ccw_fd_receive(side->fd, read_buffer, sizeof(read_buffer), fds);
    goes_on = n > 0 ? feed(side, read_buffer, (gsize)n, fds) : n == 0;
    ccw_fds_close(side->closer, fds);
    return goes_on;
}
