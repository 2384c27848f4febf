/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNIX sockets by their paths. The sockets do not block. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * rpc_socket_connect:
 * @peer: the owner of the socket, for messages
 *
 * Returns: a connected socket; or -1 and CCW_ERROR_BUSY (the queue of the socket is full now), CCW_ERROR_INVALID (the
 * path is too long) or another error of ccw_error_set_errno().
 */
int rpc_socket_connect(const char *path, const char *peer, GError **error);

typedef struct {
    guint perms;
    gid_t group; /* (gid_t)-1: the group that the kernel gives the file */
    guint queue; /* maximum number of clients that wait to be accepted */
} RpcSocketAccess;

/**
 * rpc_socket_listen:
 *
 * Replaces a socket file on which no process listens: a killed process has left it.
 *
 * Returns: a listening socket; or -1 and CCW_ERROR_BUSY (a process listens there) or an error of rpc_socket_connect().
 */
int rpc_socket_listen(const char *path, const RpcSocketAccess *access, GError **error);
