/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Splits a byte stream with file descriptors into frames. The owner of the inbox decides about each frame by its
 * header. The inbox passes a frame on as its bytes come, and keeps no byte of it; or it holds the frame, and hands it
 * over as a whole. Reading from the socket does not belong here.
 */
#pragma once

#include <glib.h>

#include "rpc/wire.h"
#include "util/fd.h"

typedef enum {
    RPC_INBOX_PASS,
    RPC_INBOX_HOLD,
    RPC_INBOX_DROP, /* the inbox throws the bytes and descriptors away */
    RPC_INBOX_STOP, /* the stream ends here: the inbox hands no more bytes over */
} RpcInboxHandling;

typedef struct {
    /* Called when the header of a frame has come. Returns: how to handle the frame. */
    RpcInboxHandling (*header)(const RpcHeader *header, gpointer data);
    /* Called with bytes that pass: of several frames, or of a part of one. */
    void (*pass)(const guint8 *bytes, gsize length, gpointer data);
    /* Called with a descriptor that passes, which one byte carries. Takes ownership of @fd. */
    void (*pass_fd)(int fd, gpointer data);
    /*
     * Called with a whole frame of RPC_INBOX_HOLD. @payload lacks the count of descriptors, which is header->fds. @fds:
     * the descriptors, as gint, or NULL if the frame has none; the function owns those that it removes. Returns: FALSE
     * ends the stream.
     */
    gboolean (*frame)(const RpcHeader *header, const guint8 *payload, gsize length, GArray *fds, gpointer data);
    /* Called when the frame that passes has ended, after rpc_inbox_want_boundary(). */
    void (*boundary)(gpointer data);
    /*
     * Called before the first byte of each frame. Returns: FALSE makes the inbox stop, see rpc_inbox_feed(). NULL:
     * always TRUE.
     */
    gboolean (*ready)(gpointer data);
    /*
     * Called before the inbox keeps more bytes of a frame that it holds in parts. Returns: FALSE makes the inbox throw
     * away these bytes, and all others of the frame. NULL: always TRUE.
     */
    gboolean (*keeps)(const RpcHeader *header, gsize length, gpointer data);
} RpcInboxOps;

typedef struct {
    const RpcInboxOps *ops;
    gpointer data;
    const CcwFdCloser *closer; /* NULL: the inbox closes descriptors at once */
    enum { RPC_INBOX_HEAD, RPC_INBOX_COUNT, RPC_INBOX_BODY, RPC_INBOX_FDS } state;
    guint8 head[RPC_FRAME_HEAD + 4]; /* the header, then the count of descriptors if there is one */
    guint head_length;
    RpcHeader header;
    gsize remaining;  /* unread bytes of the payload */
    guint fds;        /* number of descriptors still to come */
    GByteArray *held; /* payload so far of a held frame that did not come in one piece; else NULL */
    GArray *held_fds; /* its descriptors so far, as gint, or NULL if none has come */
    gboolean is_holding;
    gboolean dropping;
    gsize unread; /* bytes of the last feed that the inbox has not used, because ready() returned FALSE */
    gboolean want_boundary;
} RpcInbox;

/**
 * rpc_inbox_init:
 * @ops: outlive the inbox
 * @data: argument of @ops
 */
void rpc_inbox_init(RpcInbox *inbox, const RpcInboxOps *ops, gpointer data);

/* Drops a frame that has not come as a whole, and closes its descriptors. */
void rpc_inbox_clear(RpcInbox *inbox);

/**
 * rpc_inbox_feed:
 * @bytes: newly received bytes
 * @fds: the descriptors that came with them, as gint; the inbox removes those that it uses
 * @ret_stopped: whether a function of RpcInboxOps ended the stream
 *
 * Uses the bytes. The kernel ends a receive at the byte that carries descriptors, so a descriptor that is left over
 * came with a byte that should carry none. If ready() returned FALSE, inbox->unread bytes at the end are unused: the
 * caller feeds them again later, with the descriptors that are left.
 *
 * Returns: FALSE and CCW_ERROR_PROTOCOL if the stream broke the protocol.
 */
gboolean rpc_inbox_feed(RpcInbox *inbox, const guint8 *bytes, gsize length, GArray *fds, gboolean *ret_stopped,
                        GError **error);

/* Returns: whether no frame has passed in part, so that the owner may send a frame of its own in the same direction. */
gboolean rpc_inbox_at_boundary(const RpcInbox *inbox);

/* Requests one call of boundary() when the frame that passes has ended. */
void rpc_inbox_want_boundary(RpcInbox *inbox);
