/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that has not authenticated itself yet. None of its calls reaches libvirt. virtccwd answers AUTH_LIST and
 * AUTH_POLKIT, and each other call with "authentication required", as libvirtd does
 * (src/remote/remote_daemon_dispatch.c). It throws the payloads of the calls away.
 */
#pragma once

#include <glib.h>

#include "remote/client-process.h"
#include "remote/limits.h"
#include "rpc/poll.h"

typedef struct _RemoteLogin RemoteLogin;

/**
 * RemoteLoginFunc:
 * @login: freed after this call
 * @fd: the client's socket, which is to be served from now on; -1: the client has left or was rejected
 */
typedef void (*RemoteLoginFunc)(RemoteLogin *login, int fd, RemoteClientProcess *process, gpointer data);

/**
 * remote_login_new:
 * @limits: closes the client's descriptors in workers; NULL: they are closed at once
 * @fd: the client's socket, which does not block; the login owns it
 * @process: the client's identity; the login frees it
 * @ended: called once, not from within this function; the called function owns the socket and the identity
 *
 * Begins to read the client's calls.
 */
RemoteLogin *remote_login_new(RpcPoll *poll, RemoteLimits *limits, int fd, RemoteClientProcess *process,
                              gboolean readonly, RemoteLoginFunc ended, gpointer data);

/* Rejects the client, and calls its ended(). */
void remote_login_close(RemoteLogin *login);

/* Reduces the time that is left to the client, or to polkit to ask its user; for tests. */
void remote_login_pass_time(RemoteLogin *login, gint64 microseconds);
