/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that has not proved yet that it may connect. Until it has, nothing of it reaches libvirt: its calls are
 * answered here as libvirtd answers them then (src/remote/remote_daemon_dispatch.c): AUTH_LIST, AUTH_POLKIT, and
 * "authentication required" for every other. Nothing that it sends is kept.
 */
#pragma once

#include <glib.h>

#include "remote/limits.h"
#include "remote/peer.h"
#include "rpc/poll.h"

typedef struct _CcwLogin CcwLogin;

/* login is freed after that. fd: the client's, to be served from now on; -1: it is gone or was sent away. */
typedef void (*CcwLoginFunc)(CcwLogin *login, int fd, CcwPeer *peer, gpointer data);

/* limits: where descriptors are closed; NULL: at once. Takes fd, which does not block, and peer. ended is called once,
 * and gets them; not from within this call. */
CcwLogin *ccw_login_new(CcwPoll *poll, CcwLimits *limits, int fd, CcwPeer *peer, gboolean readonly, CcwLoginFunc ended,
                        gpointer data);

/* Sends it away: ended is called. */
void ccw_login_close(CcwLogin *login);

/* Takes that much of the time which the login has left, or polkit to ask its user; for tests. */
void ccw_login_pass_time(CcwLogin *login, gint64 microseconds);
