/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNIX sockets by their paths. None of them blocks. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Connected, or -1. peer: whose socket it is, for the messages. Errors: CCW_ERROR_BUSY, the queue of the socket is full
 * now; CCW_ERROR_INVALID, a path that is too long; as ccw_error_set_errno. */
int ccw_socket_connect(const char *path, const char *peer, GError **error);

/* group: (gid_t)-1 for whatever it is by itself. */
typedef struct {
    guint perms;
    gid_t group;
    guint queue; /* how many may wait to be accepted */
} CcwSocketAccess;

/*
 * Listening, or -1. A socket file without a listener is replaced: a killed process has left it. Errors:
 * CCW_ERROR_BUSY if a process listens there, and as above.
 */
int ccw_socket_listen(const char *path, const CcwSocketAccess *access, GError **error);
