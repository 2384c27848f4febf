/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors that the peer of a UNIX socket sends, and the close of what the peer controls. close(2) of such a
 * descriptor may wait as long as the peer likes: a TCP connection with SO_LINGER waits for its other end, and a file of
 * FUSE waits for its server. close(2) of a socket waits for the descriptors in its queue. A thread that serves several
 * peers therefore receives with room for all descriptors, and closes nothing itself: it hands the descriptors to
 * closer.h or to workers.
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
 * 6.16). The connections of a listening socket begin with the setting of the listening socket.
 */
void ccw_fd_refuse_fds(int fd, gboolean refuse);

/* Whether the kernel refuses them now. Then close(2) of a socket that has done so from its beginning never waits. */
gboolean ccw_fd_refuses_fds(int fd);

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
 * ccw_fd_receive_bytes:
 *
 * The same from a peer that has no descriptors to send. Those that come are closed here, so the thread may wait for the
 * server of a FUSE file: only for a thread that serves this peer alone.
 */
ssize_t ccw_fd_receive_bytes(int fd, void *buffer, gsize length);

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
