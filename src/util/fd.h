/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receives and closes descriptors that the peer of a UNIX socket sends, and shuts down connections.
 *
 * The peer decides how long close(2) of such a descriptor waits: a TCP connection with SO_LINGER waits for its other
 * end, and a FUSE file waits for its server. close(2) of a socket also closes the descriptors in its queue. A thread
 * that serves several peers therefore receives all descriptors and closes none of them: it passes them to closer.h or
 * to workers.
 */
#pragma once

#include <glib.h>
#include <unistd.h>

/* The kernel's limit for one message (SCM_MAX_FD). The kernel closes descriptors that the receiver's buffer lacks. */
#define CCW_MESSAGE_FDS_MAX 253u

/**
 * ccw_fd_reject_fds:
 * @fd: a UNIX socket; a connection inherits the setting of its listening socket
 * @reject: FALSE: accept descriptors again
 *
 * Makes the kernel reject messages with descriptors from this socket's peer. Does nothing before Linux 6.16.
 */
void ccw_fd_reject_fds(int fd, gboolean reject);

/**
 * ccw_fd_rejects_fds:
 *
 * Returns: whether the kernel rejects descriptors now. close(2) never waits if it has done so since the socket exists.
 */
gboolean ccw_fd_rejects_fds(int fd);

/**
 * ccw_fd_shut_down_connections:
 * @path: of a UNIX socket
 *
 * Shuts down the connections of this process to that socket. A thread that waits for an answer on one reads the end of
 * the stream.
 */
void ccw_fd_shut_down_connections(const char *path);

/**
 * ccw_fd_receive:
 * @fds: array of gint, to which received descriptors are appended; they are close-on-exec
 *
 * Reads from a UNIX socket without waiting.
 *
 * Returns: the number of bytes, 0 if no byte can be read now, or -1 if the peer has gone
 */
ssize_t ccw_fd_receive(int fd, void *buffer, gsize length, GArray *fds);

/**
 * ccw_fd_receive_bytes:
 *
 * The same from a peer that has no reason to send descriptors: closes those that arrive. That close may wait for the
 * server of a FUSE file, so call this function only in a thread that serves one peer.
 */
ssize_t ccw_fd_receive_bytes(int fd, void *buffer, gsize length);

/**
 * ccw_fd_close_soon:
 *
 * Closes the descriptor. A timer interrupts close(2) every fraction of a millisecond while it waits. It cannot
 * interrupt the wait for the server of a FUSE file, whose descriptor the peer sent.
 */
void ccw_fd_close_soon(int fd);

/**
 * ccw_fd_close_inherited:
 *
 * Closes what the caller of this program has left open, apart from stdin, stdout and stderr: the descriptors that are
 * not close-on-exec, as all of the program's own are. Only a process with one thread may call this function.
 */
void ccw_fd_close_inherited(void);

typedef struct {
    void (*func)(int fd, gpointer data); /* must not wait */
    gpointer data;
} CcwFdCloser;

/* Closes @fd with @closer; NULL closes it in this thread, for tests. */
static inline void ccw_fd_close(const CcwFdCloser *closer, int fd)
{
    if (closer && closer->func)
        closer->func(fd, closer->data);
    else
        close(fd);
}

/* Closes all descriptors of an array of gint, and empties it. */
static inline void ccw_fds_close(const CcwFdCloser *closer, GArray *fds)
{
    for (guint i = 0; i < fds->len; i++)
        ccw_fd_close(closer, g_array_index(fds, gint, i));
    g_array_set_size(fds, 0);
}
