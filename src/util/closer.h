/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes descriptors that a peer controls in threads of their own, so that a close that waits delays only further
 * closes for the same process.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct _CcwCloser CcwCloser;

CcwCloser *ccw_closer_new(void);

/**
 * ccw_closer_push:
 * @pid: the process that has sent the descriptor, or that is connected by it; 0 if it is in another pid namespace.
 *       At most 2 of 64 threads close for one process; 0 counts as one process.
 * @fd: belongs to the closer from now on
 *
 * Returns at once, and may be called from any thread.
 */
void ccw_closer_push(CcwCloser *closer, pid_t pid, int fd);

/**
 * ccw_closer_push_all:
 * @fds: of gint; is emptied
 */
void ccw_closer_push_all(CcwCloser *closer, pid_t pid, GArray *fds);

/* Waits until all descriptors are closed, but at most 10 s: a close that takes longer goes on, and keeps the closer. */
void ccw_closer_free(CcwCloser *closer);
