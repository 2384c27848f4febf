/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One of the two sockets of a connection: the frame that arrives, bytes that virtccwd has read but not used yet, and
 * bytes to be sent. The meaning of a frame, and when virtccwd reads the socket, do not belong here.
 */
#pragma once

#include "rpc/inbox.h"
#include "rpc/outbox.h"
#include "rpc/poll.h"

/* Maximum number of bytes of one read. */
#define REMOTE_READ_SIZE 65536

typedef struct _RemoteConnection RemoteConnection;
typedef struct _RemoteSide RemoteSide;

typedef enum {
    REMOTE_SIDE_CLIENT,
    REMOTE_SIDE_BACKEND,
} RemoteSideIndex;

struct _RemoteSide {
    RemoteConnection *connection;
    RemoteSide *other;
    RemoteSideIndex index;
    int fd;         /* -1: closed */
    int closing_fd; /* the socket to be closed after a worker has written to it; else -1 */
    RpcPollWatch *watch;
    const CcwFdCloser *closer; /* closes descriptors that the peer has sent */
    RpcInbox inbox;            /* the bytes that the peer sends */
    RpcOutbox outbox;          /* the bytes to the peer */
    GPtrArray *deferred;       /* whole frames of ours that wait until the current frame has passed; or NULL */
    gsize deferred_bytes;      /* bytes in deferred */
    guint deferred_fds;
    GByteArray *unread; /* bytes that the inbox has not used, from unread_at on; or NULL */
    gsize unread_at;
    GArray *unread_fds; /* descriptors with them, as gint; or NULL */
};

/**
 * remote_side_init:
 * @other: the other side of the connection
 * @fd: its socket, which does not block; the side owns it
 * @ops: operations of the inbox, called with @side
 * @on_event: called with @side
 * @closer: closes descriptors that the peer sends
 *
 * Watches the socket, for no event yet.
 */
void remote_side_init(RemoteSide *side, RemoteSide *other, int fd, const RpcInboxOps *ops, RpcPoll *poll,
                      RpcPollFunc on_event, const CcwFdCloser *closer);

/**
 * remote_side_close:
 *
 * Drops all waiting bytes and descriptors. The caller closes the socket.
 *
 * Returns: the socket; -1 if it is closed already, or if a worker writes to it: remote_side_take_closed() returns it
 * later.
 */
int remote_side_close(RemoteSide *side);

/* Returns: a socket whose close waited for a worker, or -1. Returns each socket once. */
int remote_side_take_closed(RemoteSide *side);

/**
 * remote_side_watch:
 * @is_read: whether to read the peer's bytes
 *
 * Watches the socket for the next read or write.
 */
void remote_side_watch(RemoteSide *side, gboolean is_read);

/**
 * remote_side_read:
 *
 * Reads once, or takes unread bytes, and feeds them to the inbox.
 *
 * Returns: FALSE if the peer has hung up or broken the protocol, or if an operation of the inbox ended the stream.
 */
gboolean remote_side_read(RemoteSide *side);

/**
 * remote_side_send:
 * @frame: a whole frame
 * @fds: descriptors that follow the frame, as gint, or NULL if none follows: the function owns them, and empties the
 * array
 *
 * Sends the frame to the peer, after the current frame of the other side has passed. Does nothing if the side is
 * closed.
 *
 * Returns: whether the frame is sent or in the outbox.
 */
gboolean remote_side_send(RemoteSide *side, GByteArray *frame, GArray *fds);

/* Operations for RpcInboxOps: they pass bytes and descriptors to the other side. */
void remote_side_pass(const guint8 *bytes, gsize length, gpointer data);
void remote_side_pass_fd(int fd, gpointer data);
void remote_side_pass_ended(gpointer data);
