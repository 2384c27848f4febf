/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two sockets that clients of libvirt connect to, one to manage and one only to look, and who is let in there. Each
 * client that is gets a connection of its own to the backend's socket of the same name.
 */
#pragma once

#include <glib.h>

#include "remote/connection.h"
#include "remote/settings.h"

#define CCW_SOCKET "libvirt-sock" /* the read-only one's name has "-ro" behind it */

typedef struct {
    const char *socket_dir;
    const char *backend_dir;
    const char *socket_name;
    int inherited[2]; /* read-write and read-only sockets that listen already; both -1: they are made in socket_dir */
} CcwPlaces;

typedef struct _CcwServer CcwServer;

/*
 * Listens. services and settings outlive it. Takes the inherited sockets. Errors: CCW_ERROR_BUSY if somebody listens
 * there already, CCW_ERROR_NOT_FOUND for a group that is not there, CCW_ERROR_SYSTEM.
 */
CcwServer *ccw_server_new(const CcwServices *services, const CcwSettings *settings, const CcwPlaces *places,
                          GError **error);

/* Stops listening, unlinks the sockets that it made, closes clients; stopped is called when every action has ended. */
void ccw_server_stop(CcwServer *server, void (*stopped)(gpointer data), gpointer data);

void ccw_server_free(CcwServer *server); /* after stopped */
