/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two sockets that clients of libvirt connect to, libvirt-sock and libvirt-sock-ro, and who is let in: root. Each
 * client gets a connection of its own to the backend's socket of the same name.
 */
#pragma once

#include <glib.h>

#include "remote/ccw-connection.h"

#define CCW_SOCKET "libvirt-sock"
#define CCW_SOCKET_RO "libvirt-sock-ro"

typedef struct _CcwServer CcwServer;

/* Listens. services outlives it. Errors: CCW_ERROR_BUSY if somebody listens there already, CCW_ERROR_SYSTEM. */
CcwServer *ccw_server_new(const CcwServices *services, const char *socket_dir, const char *backend_dir, GError **error);

/* Stops listening, unlinks the sockets, closes clients; stopped is called when every action has ended. */
void ccw_server_stop(CcwServer *server, void (*stopped)(gpointer data), gpointer data);

void ccw_server_free(CcwServer *server); /* after stopped */
