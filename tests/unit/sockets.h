/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UNIX sockets in tests: sends descriptors, and waits for bytes. */
#pragma once

#include <glib.h>
#include <unistd.h>

/* Sends the bytes and a descriptor without waiting. FALSE: errno says why nothing was sent. */
gboolean socket_send_fd(int to, gconstpointer data, gsize length, int fd);

/* Receives one packet. *ret_fd: the only descriptor that came with it, -1 without one. Returns as recvmsg(2). */
ssize_t socket_receive_fd(int from, gpointer data, gsize length, int *ret_fd);

/*
 * Runs the main loop until bytes arrive at a non-blocking socket, for some seconds at most. Returns as recv(2); 0: the
 * peer has closed the connection.
 */
ssize_t socket_await(int from, gpointer data, gsize length);

/*
 * A TCP connection with SO_LINGER of a minute, and with data that its other end never reads: the last close(2) of the
 * descriptor waits that long. *ret_peer: the other end.
 */
int socket_lingering(int *ret_peer);
