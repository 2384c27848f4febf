/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The account of a connection: the bytes, frames and descriptors that it holds, which its user is charged for, and
 * whether it may hold more. limits.c has the accounts of the users.
 */
#pragma once

#include "remote/connection-private.h"

/* Charges the user for what the connection holds now. */
void ccw_account_update(CcwConnection *connection);

/* The same once the connection holds nothing more; then it has no user any more. */
void ccw_account_close(CcwConnection *connection);

/**
 * ccw_account_has_room_for_read:
 *
 * Whether CCW_READ_SIZE bytes of that side, and the descriptors of a frame with them, have room. If only the user has
 * none, the connection is updated when that changes.
 */
gboolean ccw_account_has_room_for_read(CcwSide *side);

/* Whether the client may begin one more call. */
gboolean ccw_account_has_room_for_call(const CcwConnection *connection);

/* Whether that frame of this side has room as a whole: to be asked before the first byte of its payload is kept. */
gboolean ccw_account_has_room_for_frame(const CcwSide *side, const CcwHeader *header);

/* Whether so many more bytes of a frame have room that is kept: a client's has no room of its own before it comes. */
gboolean ccw_account_has_room_for_bytes(const CcwSide *side, const CcwHeader *header, gsize length);
