/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/outbox.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Small writes are gathered into one item up to this size. */
#define GATHER_MAX 32768u

/*
 * Who may write to the socket. The owner ends a loan by going from LENT to OWNED, or from BUSY to RECALLED; another
 * thread goes from LENT to BUSY, then back to LENT, or to OWNED if there is something for the owner to do.
 */
typedef enum {
    LOAN_OWNED,
    LOAN_LENT,     /* any thread that first makes it BUSY */
    LOAN_BUSY,     /* another thread, which has all of loan_* meanwhile */
    LOAN_RECALLED, /* the same, and the owner wants it back */
} Loan;

typedef struct {
    GByteArray *bytes; /* NULL: an item that is a descriptor */
    gsize sent;
    int fd;
} Item;

static void item_free(const CcwOutbox *outbox, Item *item)
{
    if (item->bytes)
        g_byte_array_unref(item->bytes);
    if (item->fd >= 0)
        ccw_fd_close(outbox->closer, item->fd);
    g_free(item);
}

void ccw_outbox_init(CcwOutbox *outbox, int fd)
{
    *outbox = (CcwOutbox){ .fd = fd };
    g_queue_init(&outbox->items);
}

static gboolean go(CcwOutbox *outbox, Loan from, Loan to)
{
    return g_atomic_int_compare_and_exchange(&outbox->loan, (gint)from, (gint)to);
}

/* Ends the loan. FALSE: another thread is just sending, and only queues may be changed. */
static gboolean recall(CcwOutbox *outbox)
{
    while (!go(outbox, LOAN_OWNED, LOAN_OWNED) && !go(outbox, LOAN_LENT, LOAN_OWNED))
        if (go(outbox, LOAN_RECALLED, LOAN_RECALLED) || go(outbox, LOAN_BUSY, LOAN_RECALLED))
            return FALSE;
    ccw_outbox_settle(outbox);
    return TRUE;
}

void ccw_outbox_clear(CcwOutbox *outbox)
{
    Item *item;

    recall(outbox);
    while ((item = g_queue_pop_head(&outbox->items)))
        item_free(outbox, item);
    outbox->bytes = 0;
    outbox->fds = 0;
    outbox->fd = -1;
}

static void fail(CcwOutbox *outbox)
{
    ccw_outbox_clear(outbox);
    outbox->failed = TRUE;
}

/* How much the socket took; 0 if it takes nothing now. -1: it is broken. */
static gssize send_some(int fd, const guint8 *bytes, gsize length)
{
    ssize_t n;

    do
        n = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

/* How much was sent; 0 where the socket takes nothing now or is broken. */
static gsize send_bytes(CcwOutbox *outbox, const guint8 *bytes, gsize length)
{
    gssize n = send_some(outbox->fd, bytes, length);

    if (n < 0) {
        fail(outbox);
        return 0;
    }
    outbox->sent += (guint64)n;
    return (gsize)n;
}

static gboolean send_fd(CcwOutbox *outbox, int fd)
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

void ccw_outbox_write(CcwOutbox *outbox, const guint8 *bytes, gsize length)
{
    Item *tail;
    gsize sent = 0;

    if (recall(outbox) && outbox->fd >= 0 && ccw_outbox_is_empty(outbox) && !outbox->corked)
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

void ccw_outbox_write_fd(CcwOutbox *outbox, int fd)
{
    gboolean is_ours = recall(outbox);
    Item *item;

    if (outbox->fd < 0 || (is_ours && ccw_outbox_is_empty(outbox) && !outbox->corked && send_fd(outbox, fd)) ||
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

/* TRUE if the item is done with. */
static gboolean flush_item(CcwOutbox *outbox, Item *item)
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
        return FALSE; /* and the item is no more */
    item->sent += sent;
    outbox->bytes -= sent;
    return item->sent == item->bytes->len;
}

void ccw_outbox_flush(CcwOutbox *outbox)
{
    Item *item;

    while (recall(outbox) && (item = g_queue_peek_head(&outbox->items))) {
        if (!flush_item(outbox, item))
            return;
        g_queue_pop_head(&outbox->items);
        item_free(outbox, item);
    }
}

void ccw_outbox_cork(CcwOutbox *outbox)
{
    outbox->corked = TRUE;
}

void ccw_outbox_uncork(CcwOutbox *outbox)
{
    outbox->corked = FALSE;
    ccw_outbox_flush(outbox);
}

void ccw_outbox_lend(CcwOutbox *outbox)
{
    if (g_atomic_int_get(&outbox->loan) != LOAN_OWNED || outbox->loan_rest || outbox->loan_failed || outbox->fd < 0 ||
        outbox->corked || !ccw_outbox_is_empty(outbox))
        return;
    outbox->loan_fd = outbox->fd;
    g_atomic_int_set(&outbox->loan, LOAN_LENT);
}

void ccw_outbox_recall(CcwOutbox *outbox)
{
    recall(outbox);
}

gboolean ccw_outbox_is_at_work(const CcwOutbox *outbox)
{
    gint loan = g_atomic_int_get(&outbox->loan);

    return loan == LOAN_BUSY || loan == LOAN_RECALLED;
}

void ccw_outbox_settle(CcwOutbox *outbox)
{
    GByteArray *rest;
    Item *item;

    if (g_atomic_int_get(&outbox->loan) != LOAN_OWNED)
        return;
    rest = g_steal_pointer(&outbox->loan_rest);
    outbox->sent += outbox->loan_sent;
    outbox->loan_sent = 0;
    if (rest && outbox->fd >= 0 && !outbox->loan_failed) {
        item = g_new0(Item, 1);
        *item = (Item){ .bytes = rest, .sent = outbox->loan_rest_sent, .fd = -1 };
        g_queue_push_head(&outbox->items, item);
        outbox->bytes += rest->len - outbox->loan_rest_sent;
    } else if (rest) {
        g_byte_array_unref(rest);
    }
    if (outbox->loan_failed && outbox->fd >= 0) {
        outbox->loan_failed = FALSE;
        fail(outbox);
    }
}

gboolean ccw_outbox_borrow(CcwOutbox *outbox)
{
    return go(outbox, LOAN_LENT, LOAN_BUSY);
}

gboolean ccw_outbox_give_back(CcwOutbox *outbox, GByteArray *frame)
{
    gssize n = send_some(outbox->loan_fd, frame->data, frame->len);

    outbox->loan_failed = n < 0;
    outbox->loan_sent += (gsize)MAX(n, 0);
    if (n == (gssize)frame->len) {
        g_byte_array_unref(frame);
        if (go(outbox, LOAN_BUSY, LOAN_LENT))
            return TRUE;
    } else {
        outbox->loan_rest = frame;
        outbox->loan_rest_sent = (gsize)MAX(n, 0);
    }
    g_atomic_int_set(&outbox->loan, LOAN_OWNED);
    return FALSE;
}
