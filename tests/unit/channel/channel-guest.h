/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's storage for tests and fuzzers of the translation: a few pieces of host memory, and a check of the rules
 * that every translated program must keep.
 */
#pragma once

#include "channel/translate.h"

#define CHANNEL_GUEST_PIECES 4

typedef struct {
    guint64 address;
    gsize size; /* a multiple of 4 KiB */
    gboolean read_only;
    guint8 *host;
} ChannelPiece;

typedef struct {
    ChannelMemory memory;
    ChannelPiece pieces[CHANNEL_GUEST_PIECES];
    guint n_pieces;
} ChannelGuest;

void channel_guest_init(ChannelGuest *guest);
void channel_guest_clear(ChannelGuest *guest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChannelGuest, channel_guest_clear)

/* Adds zeroed storage at `address`. Pieces that follow each other in the guest are apart in the host. */
ChannelPiece *channel_guest_add(ChannelGuest *guest, guint64 address, gsize size);

/* Returns the bytes at a guest address. The test fails if the guest has no storage there. */
guint8 *channel_guest_at(ChannelGuest *guest, guint64 address);
void channel_guest_put_ccw(ChannelGuest *guest, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda);

/* Finds the guest's address of a host address. FALSE if the `length` bytes there are not all in one piece. */
gboolean channel_guest_find(const ChannelGuest *guest, guint64 host, gsize length, guint64 *ret_address);

/* Returns NULL, or a description of what this request must not show to a device. */
const char *channel_guest_check(const ChannelGuest *guest, const CcwCmdRequest *request);
