/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client and its own connection to the backend: when virtccwd reads each socket, when a worker may write to the
 * client, and when the connection is over. The handling of frames does not belong here: RemoteConnectionOps has
 * functions for it.
 */
#pragma once

#include <glib.h>

#include "css/host.h"
#include "hostdev/manager.h"
#include "remote/client-process.h"
#include "remote/limits.h"
#include "remote/raised.h"
#include "remote/side.h"
#include "remote/workers.h"

/* Services that all connections share. They outlive the connections. */
typedef struct {
    RpcPoll *poll;
    RemoteWorkers *workers;
    HostdevManager *manager;
    RemoteRaised *raised;                /* NULL: a worker raises each reply */
    CssHost *host;                       /* the host, for warnings about its devices; NULL: no warnings */
    void (*changed)(gpointer data);      /* tells the watcher to compare the domains with the journal; may be NULL */
    void (*start_failed)(gpointer data); /* the same, after a client's start of a domain failed; may be NULL */
    gpointer changed_data;               /* argument of both functions */
    /*
     * Asks libvirt which devices the running domains have, and waits for the answer. Returns: NULL and an error if
     * libvirt does not answer.
     */
    HostdevLive *(*query)(gpointer data, GError **error);
    /* Waits until libvirt lists a node device, some seconds at most. */
    void (*wait_listed)(gpointer data, const char *node);
    gpointer query_data; /* argument of both functions */
} RemoteServices;

/*
 * Functions that handle the frames of a connection. They may close the connection's sides. relay.h has those of
 * virtccwd.
 */
typedef struct {
    /* Called when the connection starts: sends libvirt the first calls, before the client's. */
    void (*start)(RemoteConnection *connection);
    /* Called with the header of each frame from that side. Returns: how to handle the frame. */
    RpcInboxHandling (*header)(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header);
    /* Called for a frame of RPC_INBOX_HOLD if the user has no room for it. Returns: how to handle it instead. */
    RpcInboxHandling (*no_room)(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header);
    /* Called with a whole frame of RPC_INBOX_HOLD. Owns the descriptors that it removes from @fds. */
    void (*frame)(RemoteConnection *connection, RemoteSideIndex from, const RpcHeader *header, const guint8 *payload,
                  gsize length, GArray *fds);
    /* Called when the backend is closed, and will not answer. */
    void (*backend_lost)(RemoteConnection *connection);
} RemoteConnectionOps;

/**
 * remote_connection_new:
 * @services: outlive the connection
 * @ops: handle its frames
 * @client: the client's socket, which does not block; the connection owns it
 * @backend: a socket that is connected to libvirt, which does not block; the connection owns it
 * @process: the client's identity, which virtccwd tells libvirt; the connection owns it. NULL: libvirt only knows which
 * of its sockets the connection uses
 * @ended: called once, when both sockets are closed and every task has ended
 *
 * Returns: a connection that does not read yet. It frees itself after @ended.
 */
RemoteConnection *remote_connection_new(const RemoteServices *services, const RemoteConnectionOps *ops, int client,
                                        int backend, RemoteClientProcess *process,
                                        void (*ended)(RemoteConnection *connection, gpointer data), gpointer data);

/**
 * remote_connection_start:
 * @user: charged for the bytes and descriptors that the connection holds; outlives it. NULL: nothing is counted or
 * limited
 *
 * Begins to read. This function may call the connection's ended().
 */
void remote_connection_start(RemoteConnection *connection, RemoteUser *user);

/*
 * Says that the backend's socket is the read-only one. libvirt rejects calls that change something there, so virtccwd
 * forwards them unread.
 */
void remote_connection_set_readonly(RemoteConnection *connection);

/* Ends the connection as if the client had hung up. Tasks in progress run to their end first. */
void remote_connection_close(RemoteConnection *connection);
