/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What connection.c, account.c, relay.c, action.c and the actions know of a connection. Private to these files.
 */
#pragma once

#include "remote/action.h"
#include "remote/connection.h"
#include "remote/peer.h"
#include "rpc/inbox.h"
#include "rpc/outbox.h"

typedef enum {
    CCW_SIDE_CLIENT,
    CCW_SIDE_BACKEND,
} CcwSideIndex;

typedef struct {
    CcwConnection *connection;
    CcwSideIndex index;
    int fd;      /* -1: gone */
    int lingers; /* the socket, while a worker writes to it and it is gone for all others; else -1 */
    CcwPollWatch *watch;
    CcwInbox inbox;      /* what this side sends */
    CcwOutbox outbox;    /* what is sent to it */
    GPtrArray *deferred; /* whole frames for the outbox, of ours, to go out when the other side's has passed; or NULL */
    gsize deferred_bytes; /* in them */
    guint deferred_fds;
    GByteArray *unread; /* bytes that came while the inbox took no more, from unread_at on; or NULL */
    gsize unread_at;
    GArray *unread_fds; /* with them, as gint; or NULL */
} CcwSide;

/* As much is read at a time. */
#define CCW_READ_SIZE 65536

/* The state of the client's CONNECT_OPEN; see identity.c. */
typedef enum {
    CCW_PHASE_NEW,
    CCW_PHASE_OPENING,
    CCW_PHASE_OPEN, /* and libvirt knows who the client is */
    CCW_PHASE_SHUT, /* libvirt does not let it in */
} CcwPhase;

struct _CcwConnection {
    const CcwServices *services;
    CcwPeer *peer;        /* the client; NULL: its calls are virtccwd's own */
    GByteArray *identity; /* how libvirt is told of it, once a worker has looked it up; or NULL and */
    GError *identity_error;
    CcwAction *opening;   /* waits for that; or NULL */
    gboolean is_listed;   /* libvirt has had AUTH_LIST, without which it answers nothing else */
    gboolean is_held;     /* the client is not read until libvirt has answered virtccwd */
    gboolean for_another; /* root, as virtproxyd, has said whose calls these are */
    CcwPhase phase;
    const char *shut_why; /* of CCW_PHASE_SHUT */
    CcwSide sides[2];
    guint refs;
    gboolean readonly;           /* the backend's socket is the one that changes nothing */
    gboolean is_opened_readonly; /* the client's CONNECT_OPEN said that it changes nothing */
    gboolean is_elsewhere;       /* the client opened a libvirt or a driver that does not check access for virtccwd */
    gboolean closing;            /* the client is gone, or about to go when its outbox is empty */
    gboolean ended_called;
    guint sent;          /* frames of ours in answer to the bytes of the client's that were read last */
    GList *actions;      /* of CcwAction, in flight */
    gsize actions_bytes; /* of the frames that began them, and of libvirt's replies to them */
    guint actions_fds;   /* that came with these */
    guint raising;       /* how many of them have a worker raise the client's reply */
    gsize replies_bytes; /* of those frames: libvirt's replies, which a worker rewrites */
    CcwFdCloser closer;  /* of what the client and libvirt have sent, and of the sockets */
    CcwUser *user;       /* the user that is charged; NULL: the connection holds what it likes */
    gsize charged_bytes; /* to the user, for this connection */
    guint charged_fds;
    gboolean is_holder;     /* its user's limits know that the client keeps bytes here */
    GHashTable *unanswered; /* serials of the client's calls that libvirt has and has not answered */
    guint32 serial_range;   /* our calls' serials are within it; see action.c */
    guint16 serial_next;
    void (*ended)(CcwConnection *connection, gpointer data);
    gpointer data;
};

static inline CcwSide *ccw_side_other(CcwSide *side)
{
    return &side->connection->sides[!side->index];
}

CcwConnection *ccw_connection_ref(CcwConnection *connection);
void ccw_connection_unref(CcwConnection *connection);

/* Puts a whole frame between those that pass on their way to that side. Nothing if it is gone. */
void ccw_connection_send(CcwConnection *connection, CcwSideIndex to, GByteArray *frame);

/* The same with the descriptors behind it, as gint: takes those, and leaves the array empty. fds: NULL for none. */
void ccw_connection_send_fds(CcwConnection *connection, CcwSideIndex to, GByteArray *frame, GArray *fds);

gboolean ccw_connection_is_gone(const CcwConnection *connection, CcwSideIndex side);

/* Whether the client is root and speaks for itself: no access driver checks its calls. */
gboolean ccw_connection_is_root(const CcwConnection *connection);

/* An action has begun or ended: decides anew what is to be read and whether the connection is over. */
void ccw_connection_update(CcwConnection *connection);
