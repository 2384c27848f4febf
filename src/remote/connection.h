/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client and its own connection to the backend: two sockets, frames both ways. What is done to a frame is in
 * relay.c; what takes several steps is a CcwAction.
 */
#pragma once

#include <glib.h>

#include "css/host.h"
#include "hostdev/manager.h"
#include "remote/limits.h"
#include "remote/peer.h"
#include "remote/raised.h"
#include "remote/workers.h"
#include "rpc/poll.h"

/* What connections share; outlives them. */
typedef struct {
    CcwPoll *poll;
    CcwWorkers *workers;
    CcwManager *manager;
    CcwRaised *raised;                   /* NULL: each reply is raised */
    CcwHost *host;                       /* where devices are looked up for warnings; NULL: no look-up */
    void (*changed)(gpointer data);      /* a device may have to go back: let the watcher look. May be NULL */
    void (*start_failed)(gpointer data); /* the same after any client's start that failed. May be NULL */
    gpointer changed_data;               /* of both */
    /* Asks libvirt what the running domains have; waits for it. NULL and an error if it does not say. */
    CcwLive *(*look)(gpointer data, GError **error);
    /* Waits, some seconds at most, until libvirt lists a node device. */
    void (*wait_listed)(gpointer data, const char *node);
    gpointer look_data; /* of both */
} CcwServices;

typedef struct _CcwConnection CcwConnection;

/*
 * Takes both sockets, which must not block, and peer: who the client is, for libvirt to know; NULL: libvirt is not told
 * and judges by the backend socket alone. ended is called once, when both are closed and every action has ended.
 */
CcwConnection *ccw_connection_new(const CcwServices *services, int client, int backend, CcwPeer *peer,
                                  void (*ended)(CcwConnection *connection, gpointer data), gpointer data);

/*
 * It begins to read. What it holds counts as held by user, who outlives it; NULL: nothing is counted and nothing
 * limited. ended may be called from within this call.
 */
void ccw_connection_start(CcwConnection *connection, CcwUser *user);

/* It came by the read-only socket: libvirt refuses every call that changes something, so virtccwd does not read them.
 */
void ccw_connection_set_readonly(CcwConnection *connection);

/* As if the client had gone. Actions are brought to their end first. */
void ccw_connection_close(CcwConnection *connection);
