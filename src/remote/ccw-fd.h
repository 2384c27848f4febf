/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a descriptor that a client has sent, or that leads to a client, is closed. close(2) of it may wait as long as the
 * client likes: for a TCP connection with SO_LINGER and for a FUSE server; and close(2) of a socket for what lies in
 * its queue. So neither is closed in the main thread.
 */
#pragma once

#include <glib.h>
#include <unistd.h>

/* As many as the kernel lets a message have (SCM_MAX_FD); it closes at once those that a receiver has no space for. */
#define CCW_MESSAGE_FDS_MAX 253u

/*
 * ccw_fd_refuse_fds:
 *
 * Has the kernel refuse descriptors that are sent by this socket's peer, or stop refusing them, where it can (Linux
 * 6.16).
 */
void ccw_fd_refuse_fds(int fd, gboolean refuse);

/*
 * ccw_fd_receive:
 * @fds: descriptors that come are appended, as gint, close-on-exec
 *
 * Reads from a UNIX socket without waiting.
 *
 * Returns: how many bytes came; 0 if there are none now; -1 if the peer has gone.
 */
ssize_t ccw_fd_receive(int fd, void *buffer, gsize length, GArray *fds);

/*
 * ccw_fd_close_soon:
 *
 * Closes the descriptor, and interrupts what close(2) waits for after a fraction of a millisecond, as often as there is
 * something. Only the answer of a FUSE server cannot be interrupted, for a descriptor that was received.
 */
void ccw_fd_close_soon(int fd);

typedef struct {
    void (*func)(int fd, gpointer data); /* does not wait */
    gpointer data;
} CcwFdCloser;

/* closer: NULL closes at once, for tests. */
static inline void ccw_fd_close(const CcwFdCloser *closer, int fd)
{
    if (closer && closer->func)
        closer->func(fd, closer->data);
    else
        close(fd);
}

/* Closes all, and empties the array of gint. */
static inline void ccw_fds_close(const CcwFdCloser *closer, GArray *fds)
{
    for (guint i = 0; i < fds->len; i++)
        ccw_fd_close(closer, g_array_index(fds, gint, i));
    g_array_set_size(fds, 0);
}
