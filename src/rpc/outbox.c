/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/outbox.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The outbox gathers small writes in one item up to this size. */
#define GATHER_MAX 32768u

/*
 * The thread that may write to the socket. The owner ends the sharing: it goes from OPEN to NONE, or from ACQUIRED to
 * REVOKED. Another thread goes from OPEN to ACQUIRED. After its frame it goes back to OPEN; or to NONE, if the owner
 * has work to do.
 */
typedef enum {
    SHARING_NONE,     /* only the owner */
    SHARING_OPEN,     /* any thread, after it has set ACQUIRED */
    SHARING_ACQUIRED, /* one other thread; only it uses shared_* meanwhile */
    SHARING_REVOKED,  /* the same, and the owner ends the sharing */
} Sharing;

typedef struct {
    GByteArray *bytes; /* NULL: the item is a descriptor */
    gsize sent;
    int fd;
} Item;

static void item_free(const RpcOutbox *outbox, Item *item)
{
    if (item->bytes)
        g_byte_array_unref(item->bytes);
    if (item->fd >= 0)
        ccw_fd_close(outbox->closer, item->fd);
    g_free(item);
}

void rpc_outbox_init(RpcOutbox *outbox, int fd)
{
    *outbox = (RpcOutbox){ .fd = fd };
    g_queue_init(&outbox->items);
}

static gboolean go(RpcOutbox *outbox, Sharing from, Sharing to)
{
    return g_atomic_int_compare_and_exchange(&outbox->sharing, (gint)from, (gint)to);
}

/* Ends the sharing. Returns: FALSE if another thread sends now; then the owner may only queue. */
static gboolean end_sharing(RpcOutbox *outbox)
{
    while (!go(outbox, SHARING_NONE, SHARING_NONE) && !go(outbox, SHARING_OPEN, SHARING_NONE))
        if (go(outbox, SHARING_REVOKED, SHARING_REVOKED) || go(outbox, SHARING_ACQUIRED, SHARING_REVOKED))
            return FALSE;
    rpc_outbox_collect(outbox);
    return TRUE;
}

void rpc_outbox_clear(RpcOutbox *outbox)
{
    Item *item;

    end_sharing(outbox);
    while ((item = g_queue_pop_head(&outbox->items)))
        item_free(outbox, item);
    outbox->bytes = 0;
    outbox->fds = 0;
    outbox->fd = -1;
}

static void fail(RpcOutbox *outbox)
{
    rpc_outbox_clear(outbox);
    outbox->failed = TRUE;
}

/* Returns: how many bytes the socket took, 0 if it takes no byte now, or -1 if it is broken. */
static gssize send_some(int fd, const guint8 *bytes, gsize length)
{
    ssize_t n;

    do
        n = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Returns: how many bytes the socket took, or 0 if it takes no byte now or is broken. */
static gsize send_bytes(RpcOutbox *outbox, const guint8 *bytes, gsize length)
{
    gssize n = send_some(outbox->fd, bytes, length);

    if (n < 0) {
        fail(outbox);
        return 0;
    }
    outbox->sent += (guint64)n;
    return (gsize)n;
}

static gboolean send_fd(RpcOutbox *outbox, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
    struct cmsghdr *cmsg;
    ssize_t n;

    message.msg_controllen = sizeof(control.space);
    cmsg = CMSG_FIRSTHDR(&message);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    do
        n = sendmsg(outbox->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        fail(outbox);
    return n == 1;
}

void rpc_outbox_write(RpcOutbox *outbox, const guint8 *bytes, gsize length)
{
    Item *tail;
    gsize sent = 0;

    if (end_sharing(outbox) && outbox->fd >= 0 && rpc_outbox_is_empty(outbox) && !outbox->corked)
        sent = send_bytes(outbox, bytes, length);
    if (outbox->fd < 0 || sent == length)
        return;
    tail = g_queue_peek_tail(&outbox->items);
    if (!tail || !tail->bytes || tail->bytes->len >= GATHER_MAX) {
        tail = g_new0(Item, 1);
        tail->bytes = g_byte_array_new();
        tail->fd = -1;
        g_queue_push_tail(&outbox->items, tail);
    }
    g_byte_array_append(tail->bytes, bytes + sent, (guint)(length - sent));
    outbox->bytes += length - sent;
}

void rpc_outbox_write_fd(RpcOutbox *outbox, int fd)
{
    gboolean is_ours = end_sharing(outbox);
    Item *item;

    if (outbox->fd < 0 || (is_ours && rpc_outbox_is_empty(outbox) && !outbox->corked && send_fd(outbox, fd)) ||
        outbox->failed) {
        ccw_fd_close(outbox->closer, fd);
        return;
    }
    item = g_new0(Item, 1);
    item->fd = fd;
    g_queue_push_tail(&outbox->items, item);
    outbox->bytes++;
    outbox->fds++;
}

/* Returns: whether the item is sent as a whole. */
static gboolean flush_item(RpcOutbox *outbox, Item *item)
{
    gsize sent;

    if (!item->bytes) {
        if (!send_fd(outbox, item->fd))
            return FALSE;
        outbox->bytes--;
        outbox->fds--;
        return TRUE;
    }
    sent = send_bytes(outbox, item->bytes->data + item->sent, item->bytes->len - item->sent);
    if (outbox->failed)
        return FALSE; /* fail() has freed the item */
    item->sent += sent;
    outbox->bytes -= sent;
    return item->sent == item->bytes->len;
}

void rpc_outbox_flush(RpcOutbox *outbox)
{
    Item *item;

    while (end_sharing(outbox) && (item = g_queue_peek_head(&outbox->items))) {
        if (!flush_item(outbox, item))
            return;
        g_queue_pop_head(&outbox->items);
        item_free(outbox, item);
    }
}

void rpc_outbox_cork(RpcOutbox *outbox)
{
    outbox->corked = TRUE;
}

void rpc_outbox_uncork(RpcOutbox *outbox)
{
    outbox->corked = FALSE;
    rpc_outbox_flush(outbox);
}

void rpc_outbox_share(RpcOutbox *outbox)
{
    if (g_atomic_int_get(&outbox->sharing) != SHARING_NONE || outbox->shared_rest || outbox->shared_failed ||
        outbox->fd < 0 || outbox->corked || !rpc_outbox_is_empty(outbox))
        return;
    outbox->shared_fd = outbox->fd;
    g_atomic_int_set(&outbox->sharing, SHARING_OPEN);
}

void rpc_outbox_unshare(RpcOutbox *outbox)
{
    end_sharing(outbox);
}

gboolean rpc_outbox_is_acquired(const RpcOutbox *outbox)
{
    gint sharing = g_atomic_int_get(&outbox->sharing);

    return sharing == SHARING_ACQUIRED || sharing == SHARING_REVOKED;
}

void rpc_outbox_collect(RpcOutbox *outbox)
{
    GByteArray *rest;
    Item *item;

    if (g_atomic_int_get(&outbox->sharing) != SHARING_NONE)
        return;
    rest = g_steal_pointer(&outbox->shared_rest);
    outbox->sent += outbox->shared_sent;
    outbox->shared_sent = 0;
    if (rest && outbox->fd >= 0 && !outbox->shared_failed) {
        item = g_new0(Item, 1);
        *item = (Item){ .bytes = rest, .sent = outbox->shared_rest_sent, .fd = -1 };
        g_queue_push_head(&outbox->items, item);
        outbox->bytes += rest->len - outbox->shared_rest_sent;
    } else if (rest) {
        g_byte_array_unref(rest);
    }
    if (outbox->shared_failed && outbox->fd >= 0) {
        outbox->shared_failed = FALSE;
        fail(outbox);
    }
}

gboolean rpc_outbox_acquire(RpcOutbox *outbox)
{
    return go(outbox, SHARING_OPEN, SHARING_ACQUIRED);
}

gboolean rpc_outbox_send_acquired(RpcOutbox *outbox, GByteArray *frame)
{
    gssize n = send_some(outbox->shared_fd, frame->data, frame->len);

    outbox->shared_failed = n < 0;
    outbox->shared_sent += (gsize)MAX(n, 0);
    if (n == (gssize)frame->len) {
        g_byte_array_unref(frame);
        if (go(outbox, SHARING_ACQUIRED, SHARING_OPEN))
            return TRUE;
    } else {
        outbox->shared_rest = frame;
        outbox->shared_rest_sent = (gsize)MAX(n, 0);
    }
    g_atomic_int_set(&outbox->sharing, SHARING_NONE);
    return FALSE;
}
