/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes and descriptors to be written to a socket. The outbox writes as much as the socket takes, and queues the rest.
 * An empty outbox holds no memory.
 *
 * An outbox belongs to one thread, its owner. Only the owner calls the functions of this file, except
 * rpc_outbox_acquire() and rpc_outbox_send_acquired(). While its queue is empty the owner may share the outbox: then
 * other threads may send one frame at a time without waking the owner first. The owner never waits for them. A write or
 * rpc_outbox_clear() ends the sharing; while another thread sends, the outbox queues the owner's writes.
 */
#pragma once

#include "util/fd.h"

typedef struct {
    int fd;       /* the socket, which the caller closes; -1: the outbox throws everything away */
    GQueue items; /* of Item */
    gsize bytes;  /* number of queued bytes */
    guint64 sent; /* number of bytes sent in all */
    guint fds;    /* number of queued descriptors */
    gboolean failed;
    gboolean corked;           /* the outbox queues everything until rpc_outbox_uncork() */
    const CcwFdCloser *closer; /* NULL: the outbox closes descriptors at once */
    gint sharing;              /* atomic: a Sharing: which thread may write to the socket */
    int shared_fd;             /* the socket, while the outbox is shared */
    gsize shared_sent;         /* number of bytes that another thread has sent, not yet in sent */
    GByteArray *shared_rest;   /* frame that the socket has not accepted as a whole; or NULL */
    gsize shared_rest_sent;    /* number of its bytes that the socket took */
    gboolean shared_failed;    /* another thread found the socket broken */
} RpcOutbox;

/* @fd: a connected socket, which does not block; the caller closes it */
void rpc_outbox_init(RpcOutbox *outbox, int fd);

/* Empties the queue, closes queued descriptors, and forgets the socket. */
void rpc_outbox_clear(RpcOutbox *outbox);

/* Writes bytes. An error of the socket sets failed; from then on the outbox throws everything away. */
void rpc_outbox_write(RpcOutbox *outbox, const guint8 *bytes, gsize length);

/* Writes a descriptor, with the one byte that carries it (libvirt src/util/virsocket.c). Takes ownership of @fd. */
void rpc_outbox_write_fd(RpcOutbox *outbox, int fd);

/* Writes as much as the socket takes. */
void rpc_outbox_flush(RpcOutbox *outbox);

/* All writes between these two calls go out together. */
void rpc_outbox_cork(RpcOutbox *outbox);
void rpc_outbox_uncork(RpcOutbox *outbox);

/* Shares the outbox if its queue is empty; otherwise does nothing. */
void rpc_outbox_share(RpcOutbox *outbox);

/* Ends the sharing. A thread that sends now completes its frame. */
void rpc_outbox_unshare(RpcOutbox *outbox);

/*
 * Returns: whether another thread sends now. Then the caller must not close the socket, even after rpc_outbox_clear().
 */
gboolean rpc_outbox_is_acquired(const RpcOutbox *outbox);

/* Queues the bytes that other threads could not send before all others. Does nothing while another thread sends. */
void rpc_outbox_collect(RpcOutbox *outbox);

/**
 * rpc_outbox_acquire:
 *
 * For a thread other than the owner.
 *
 * Returns: TRUE if the thread may send a frame now, for which it must call rpc_outbox_send_acquired(); FALSE if the
 * owner has to send it.
 */
gboolean rpc_outbox_acquire(RpcOutbox *outbox);

/**
 * rpc_outbox_send_acquired:
 * @frame: a whole frame; the function owns it
 *
 * Sends as much of the frame as the socket takes, leaves the rest to the owner, and releases the outbox.
 *
 * Returns: FALSE if the owner must call rpc_outbox_collect() soon, because there is a rest, or because the owner has
 * written meanwhile.
 */
gboolean rpc_outbox_send_acquired(RpcOutbox *outbox, GByteArray *frame);

static inline gboolean rpc_outbox_is_empty(const RpcOutbox *outbox)
{
    return outbox->items.length == 0;
}
