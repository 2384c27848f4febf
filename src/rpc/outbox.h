/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is to be written to a socket: at once as far as the socket takes it, the rest queued. Empty, it holds no memory.
 */
#pragma once

#include "util/fd.h"

typedef struct {
    int fd;       /* borrowed; -1: everything is thrown away */
    GQueue items; /* of the file's own type */
    gsize bytes;  /* queued */
    guint64 sent; /* bytes in all */
    guint fds;    /* queued */
    gboolean failed;
    gboolean corked;           /* everything is queued until ccw_outbox_uncork() */
    const CcwFdCloser *closer; /* NULL: descriptors are closed at once */
    gint loan;                 /* atomic: who may write to the socket; of the file's own type, 0 for the owner alone */
    int loan_fd;               /* of a loan: the socket, */
    gsize loan_sent;           /* the bytes that were sent and are not in sent yet, */
    GByteArray *loan_rest;     /* the frame of which the socket has not taken all; or NULL */
    gsize loan_rest_sent;      /* how much of it was sent */
    gboolean loan_failed;      /* the socket is broken */
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

/*
 * An outbox belongs to one thread, its owner, which calls all functions of this file but the two of a loan. While
 * nothing is queued the owner may lend it: then other threads may send a frame each, one at a time, without waking the
 * owner first. The owner never waits for them: whatever it writes, and clearing, ends the loan, and while another
 * thread is just sending, what the owner writes is queued.
 */

/* Lends an outbox with nothing queued; else does nothing. */
void ccw_outbox_lend(CcwOutbox *outbox);
void ccw_outbox_recall(CcwOutbox *outbox);

/* Whether another thread sends at this moment. The socket must not be closed, even after ccw_outbox_clear(). */
gboolean ccw_outbox_is_at_work(const CcwOutbox *outbox);

/* Takes over what other threads could not send, in front of what is queued. Nothing while one of them is at work. */
void ccw_outbox_settle(CcwOutbox *outbox);

/* In another thread. TRUE: it may send a frame now, and must do so. FALSE: the frame is the owner's to send. */
gboolean ccw_outbox_borrow(CcwOutbox *outbox);

/*
 * Sends that frame, as far as the socket takes it, and leaves the rest to the owner. Takes frame. FALSE: the owner has
 * to call ccw_outbox_settle() soon, as there is a rest, or it has written something meanwhile.
 */
gboolean ccw_outbox_give_back(CcwOutbox *outbox, GByteArray *frame);

static inline gboolean ccw_outbox_is_empty(const CcwOutbox *outbox)
{
    return outbox->items.length == 0;
}
