/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes descriptors that a peer controls, in threads: a close(2) that waits delays only the same process's other
 * descriptors.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct _CcwCloser CcwCloser;

/* Returns: a closer without threads, which it starts when it has descriptors to close. */
CcwCloser *ccw_closer_new(void);

/**
 * ccw_closer_push:
 * @pid: the process that sent the descriptor, or that is the peer of this socket; 0 if it is in another pid namespace
 * @fd: the closer takes ownership
 *
 * Closes @fd in a thread, and returns at once. At most 2 of the 64 threads work for one process; pid 0 counts as one
 * process. Any thread may call this function.
 */
void ccw_closer_push(CcwCloser *closer, pid_t pid, int fd);

/**
 * ccw_closer_push_all:
 * @fds: array of gint; empty afterwards
 *
 * Calls ccw_closer_push() for each element.
 */
void ccw_closer_push_all(CcwCloser *closer, pid_t pid, GArray *fds);

/**
 * ccw_closer_free:
 *
 * Waits until all descriptors are closed, but at most 10 s. If a close takes longer, it goes on, and the closer is not
 * freed.
 */
void ccw_closer_free(CcwCloser *closer);
