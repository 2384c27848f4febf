/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is to be written to a socket: at once as far as the socket takes it, the rest queued. Empty, it holds no memory.
 */
#pragma once

#include "util/ccw-fd.h"

typedef struct {
    int fd;       /* borrowed; -1: everything is thrown away */
    GQueue items; /* of the file's own type */
    gsize bytes;  /* queued */
    guint64 sent; /* bytes in all */
    guint fds;    /* queued */
    gboolean failed;
    gboolean corked;           /* everything is queued until ccw_outbox_uncork() */
    const CcwFdCloser *closer; /* NULL: descriptors are closed at once */
} CcwOutbox;

void ccw_outbox_init(CcwOutbox *outbox, int fd);

/* Throws away what is queued, closes queued descriptors, and forgets fd. */
void ccw_outbox_clear(CcwOutbox *outbox);

/* Errors of the socket set failed; from then on everything is thrown away. */
void ccw_outbox_write(CcwOutbox *outbox, const guint8 *bytes, gsize length);

/* A descriptor, with the one byte that carries it (libvirt src/util/virsocket.c). Takes fd. */
void ccw_outbox_write_fd(CcwOutbox *outbox, int fd);

/* Writes as much as the socket takes. */
void ccw_outbox_flush(CcwOutbox *outbox);

/* What is written in between goes out together. */
void ccw_outbox_cork(CcwOutbox *outbox);
void ccw_outbox_uncork(CcwOutbox *outbox);

static inline gboolean ccw_outbox_is_empty(const CcwOutbox *outbox)
{
    return outbox->items.length == 0;
}
