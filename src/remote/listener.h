/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A UNIX socket that clients connect to. It accepts the clients, and stops for a moment when the process has no
 * descriptors left. Which clients virtccwd serves does not belong here.
 */
#pragma once

#include "rpc/poll.h"
#include "rpc/socket.h"

typedef struct _RemoteListener RemoteListener;

/**
 * RemoteListenerFunc:
 * @fd: the socket of a client, which does not block and rejects descriptors; the function owns it
 */
typedef void (*RemoteListenerFunc)(int fd, gpointer data);

/**
 * remote_listener_new:
 * @path: where to make the socket
 * @func: called with each client, and with @data
 *
 * Returns: a listener, or NULL with an error of rpc_socket_listen().
 */
RemoteListener *remote_listener_new(RpcPoll *poll, const char *path, const RpcSocketAccess *access,
                                    RemoteListenerFunc func, gpointer data, GError **error);

/**
 * remote_listener_new_for_fd:
 * @fd: a listening socket; the listener owns it
 *
 * As remote_listener_new(), for that socket.
 */
RemoteListener *remote_listener_new_for_fd(RpcPoll *poll, int fd, RemoteListenerFunc func, gpointer data);

/* Closes the socket, and unlinks it if remote_listener_new() made it. NULL: does nothing. */
void remote_listener_free(RemoteListener *listener);

/*
 * Tells the listener whether the server is full. Then it accepts no client, and clients wait in the queue of the
 * socket.
 */
void remote_listener_set_full(RemoteListener *listener, gboolean is_full);
