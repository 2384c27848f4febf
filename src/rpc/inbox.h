/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes a byte stream with file descriptors apart into frames. For each header its owner says whether the frame passes,
 * and then its bytes are handed on as they come, never held; or is taken, and then it is handed over whole. Who sends
 * and receives does not belong here.
 */
#pragma once

#include <glib.h>

#include "rpc/wire.h"
#include "util/fd.h"

typedef enum {
    CCW_INBOX_PASS,
    CCW_INBOX_TAKE,
    CCW_INBOX_DROP, /* its bytes and descriptors are thrown away as they come */
    CCW_INBOX_STOP, /* the stream ends here: nothing more is handed over */
} CcwInboxWay;

typedef struct {
    /* Every frame, once its header is there. */
    CcwInboxWay (*header)(const CcwHeader *header, gpointer data);
    /* Bytes of frames that pass; may be of several frames, or of a part of one. */
    void (*pass)(const guint8 *bytes, gsize length, gpointer data);
    /* A descriptor behind a frame that passes; and with it goes one byte. Takes fd. */
    void (*pass_fd)(int fd, gpointer data);
    /*
     * A frame that was taken, whole: its payload without the count of descriptors, which is header->fds, and these, as
     * gint; NULL without. Takes those that it removes from the array. FALSE stops.
     */
    gboolean (*frame)(const CcwHeader *header, const guint8 *payload, gsize length, GArray *fds, gpointer data);
    /* A frame that passed has ended, and ccw_inbox_want_boundary() was called before. */
    void (*boundary)(gpointer data);
    /* Before the first byte of each frame. FALSE: the inbox reads no further, see ccw_inbox_feed(). NULL: always TRUE.
     */
    gboolean (*ready)(gpointer data);
    /*
     * Before so many more bytes of a frame that is taken, and comes in parts, are kept. FALSE: they are thrown away,
     * and so is the rest of it. NULL: always TRUE.
     */
    gboolean (*keeps)(const CcwHeader *header, gsize length, gpointer data);
} CcwInboxOps;

typedef struct {
    const CcwInboxOps *ops;
    gpointer data;
    const CcwFdCloser *closer; /* NULL: descriptors are closed at once */
    enum { CCW_INBOX_HEAD, CCW_INBOX_COUNT, CCW_INBOX_BODY, CCW_INBOX_FDS } state;
    guint8 head[CCW_FRAME_HEAD + 4]; /* the header, then the count of descriptors where there is one */
    guint head_length;
    CcwHeader header;
    gsize remaining;   /* of the frame's payload */
    guint fds;         /* to come behind it */
    GByteArray *taken; /* the payload so far of a frame that is taken and did not come in one piece; else NULL */
    GArray *taken_fds; /* its descriptors so far, as gint; NULL: none yet */
    gboolean taking;
    gboolean dropping;
    gsize unread; /* bytes of the last feed that were not read, because ready() was FALSE */
    gboolean want_boundary;
} CcwInbox;

void ccw_inbox_init(CcwInbox *inbox, const CcwInboxOps *ops, gpointer data);
void ccw_inbox_clear(CcwInbox *inbox);

/*
 * fds: what came with these bytes, as gint; each one that is used is removed from the array. The kernel ends a
 * receive at the byte that has descriptors, so whatever is left over here came with a byte that should have none.
 * *ret_stopped: a callback said so. Where ready() was FALSE inbox->unread bytes are left at the end: the caller feeds
 * them again later, with the descriptors that are left. Error: CCW_ERROR_PROTOCOL; the stream is of no use any more.
 */
gboolean ccw_inbox_feed(CcwInbox *inbox, const guint8 *bytes, gsize length, GArray *fds, gboolean *ret_stopped,
                        GError **error);

/* Whether no frame has been passed on in part: a frame from elsewhere may go out on the same way now. */
gboolean ccw_inbox_at_boundary(const CcwInbox *inbox);
void ccw_inbox_want_boundary(CcwInbox *inbox);
