/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two sockets that clients of libvirt connect to, read-write and read-only, and the choice of the clients that
 * virtccwd serves. Each of these clients gets its own connection to the backend's socket of the same name.
 */
#pragma once

#include <glib.h>

#include "remote/connection.h"
#include "remote/settings.h"

#define REMOTE_SOCKET "libvirt-sock" /* the name of the read-only socket ends in "-ro" */

typedef struct {
    const char *socket_dir;
    const char *backend_dir;
    const char *socket_name;
    int inherited[2]; /* listening read-write and read-only sockets; both -1: the server makes them */
} RemoteServerPaths;

typedef struct _RemoteServer RemoteServer;

/**
 * remote_server_new:
 * @services: outlive the server
 * @settings: outlive the server
 * @paths: the server owns the inherited sockets
 *
 * Begins to listen.
 *
 * Returns: NULL and CCW_ERROR_BUSY if another process listens on the sockets, CCW_ERROR_NOT_FOUND if the group does not
 * exist, or CCW_ERROR_SYSTEM.
 */
RemoteServer *remote_server_new(const RemoteServices *services, const RemoteSettings *settings,
                                const RemoteServerPaths *paths, GError **error);

/**
 * remote_server_stop:
 * @stopped: called with @data when every task has ended
 *
 * Stops listening, unlinks the sockets that the server made, and closes the clients' connections.
 */
void remote_server_stop(RemoteServer *server, void (*stopped)(gpointer data), gpointer data);

void remote_server_free(RemoteServer *server); /* after stopped() was called */
