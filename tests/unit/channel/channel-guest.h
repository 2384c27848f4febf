/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's storage for tests and fuzzers of the translation: a few pieces of host memory, and what must hold of every
 * program that was translated from it.
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

/* Zeroed storage at `address`; pieces that follow one another in the guest do not in the host. */
ChannelPiece *channel_guest_add(ChannelGuest *guest, guint64 address, gsize size);

/* The bytes at a guest address; the test ends if it has none. */
guint8 *channel_guest_at(ChannelGuest *guest, guint64 address);
void channel_guest_put_ccw(ChannelGuest *guest, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda);

/* The guest's address of a host address; FALSE if the `length` bytes there are not all of one piece. */
gboolean channel_guest_find(const ChannelGuest *guest, guint64 host, gsize length, guint64 *ret_address);

/* NULL, or what a device must never get to see in this request. */
const char *channel_guest_check(const ChannelGuest *guest, const CcwCmdRequest *request);
