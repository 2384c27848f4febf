/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members of a connection, for connection.c and for the files that serve its frames: relay.c, identity.c, task.c
 * and calls/.
 */
#pragma once

#include "remote/account.h"
#include "remote/client-process.h"
#include "remote/connection.h"
#include "remote/side.h"

typedef struct _RemoteTask RemoteTask;

/* The state of the client's CONNECT_OPEN; see identity.c. */
typedef enum {
    REMOTE_PHASE_NEW,
    REMOTE_PHASE_OPENING,
    REMOTE_PHASE_OPEN, /* libvirt also knows who the client is */
    REMOTE_PHASE_SHUT, /* libvirt has rejected the client */
} RemotePhase;

struct _RemoteConnection {
    const RemoteServices *services;
    const RemoteConnectionOps *ops;
    RemoteClientProcess *process; /* the client; NULL: the calls are virtccwd's own */
    GByteArray *identity; /* arguments of CONNECT_SET_IDENTITY; NULL until a worker has looked them up, and on error */
    GError *identity_error;
    RemoteTask *opening;     /* the CONNECT_OPEN that waits for identity; or NULL */
    gboolean is_listed;      /* libvirt has received AUTH_LIST, without which it answers no other call */
    gboolean is_paused;      /* virtccwd does not read the client until libvirt has answered a call of ours */
    gboolean is_for_another; /* root (virtproxyd) has set the identity of another client */
    RemotePhase phase;
    const char *shut_why; /* the error message in REMOTE_PHASE_SHUT */
    RemoteSide sides[2];
    guint refs;
    gboolean is_readonly;        /* the backend's socket is the read-only one */
    gboolean is_opened_readonly; /* the client's CONNECT_OPEN has VIR_CONNECT_RO */
    gboolean is_elsewhere;       /* the client opened a libvirt or a driver that does not check access for virtccwd */
    gboolean is_closing;         /* the client has left, or virtccwd ends its connection */
    gboolean is_ended;           /* ended() has been called */
    guint sent;                  /* frames of ours that the last bytes of the client have caused */
    GList *tasks;                /* of RemoteTask in progress; see task.c */
    guint raising;               /* number of tasks whose reply a worker raises */
    RemoteAccount account;
    CcwFdCloser closer;     /* closes the sockets, and descriptors from the client and libvirt */
    GHashTable *unanswered; /* serials of the client's unanswered calls */
    guint32 serial_range;   /* range of the serials of our own calls; see task.c */
    guint16 serial_next;
    void (*ended)(RemoteConnection *connection, gpointer data);
    gpointer data;
};

/* References of tasks and event handlers. The last one that is dropped frees the connection. */
RemoteConnection *remote_connection_ref(RemoteConnection *connection);
void remote_connection_unref(RemoteConnection *connection);

/* Sends a whole frame to that side, between two frames that pass. Does nothing if the side is closed. */
void remote_connection_send(RemoteConnection *connection, RemoteSideIndex to, GByteArray *frame);

/**
 * remote_connection_send_fds:
 * @fds: descriptors that follow the frame, as gint, or NULL if none follows: the function owns them, and empties the
 * array
 *
 * As remote_connection_send(), with descriptors.
 */
void remote_connection_send_fds(RemoteConnection *connection, RemoteSideIndex to, GByteArray *frame, GArray *fds);

/* Returns: whether that side is closed. */
gboolean remote_connection_is_gone(const RemoteConnection *connection, RemoteSideIndex side);

/* Returns: whether the client is root and calls for itself, so that no access driver checks its calls. */
gboolean remote_connection_is_root(const RemoteConnection *connection);

/* Notes that libvirt has answered a call of the client's, if @header is of a reply. */
void remote_connection_note_reply(RemoteConnection *connection, const RpcHeader *header);

/* Decides which sides are read and whether the connection is over. Call it after a task has begun or ended. */
void remote_connection_update(RemoteConnection *connection);
