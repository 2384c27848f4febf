/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests do with UNIX sockets: descriptors go along, and what comes is waited for. */
#pragma once

#include <glib.h>
#include <unistd.h>

/* Sends the bytes and a descriptor without waiting. FALSE: errno says why nothing was sent. */
gboolean socket_send_fd(int to, gconstpointer data, gsize length, int fd);

/* Receives one packet. *ret_fd: the one descriptor that came with it, -1 if there is none. Returns as recvmsg(2). */
ssize_t socket_receive_fd(int from, gpointer data, gsize length, int *ret_fd);

/*
 * Runs the main loop until something comes from a socket that does not block, for some seconds at most. Returns as
 * recv(2); 0: the peer has hung up.
 */
ssize_t socket_await(int from, gpointer data, gsize length);

/*
 * A TCP connection with SO_LINGER of a minute, and with data that its other end never reads: the last close(2) of the
 * descriptor waits that long. *ret_peer: the other end.
 */
int socket_lingering(int *ret_peer);
