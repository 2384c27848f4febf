/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replies that were raised lately, as libvirt wrote them and as the clients had them. Programs that watch domains ask
 * for the same XML again and again; the answer to the same bytes is the same, whoever asks. Only the main thread uses
 * it.
 *
 * It takes 4 MiB at most: CCW_RAISED_SLOTS replies of CCW_RAISED_MAX bytes, in two forms. Looking for a reply compares
 * it with one other at most.
 */
#pragma once

#include "rpc/wire.h"

#define CCW_RAISED_SLOTS 64u
#define CCW_RAISED_MAX 32768u /* bytes of a payload; longer ones are raised each time */

typedef struct _CcwRaised CcwRaised;

CcwRaised *ccw_raised_new(void);
void ccw_raised_free(CcwRaised *raised);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwRaised, ccw_raised_free)

/*
 * ccw_raised_keep: remembers what a reply was raised to
 * @frame: the reply, a whole frame
 * @payload: of the raised reply; a reference to it is kept
 *
 * A reply with a password is not remembered.
 */
void ccw_raised_keep(CcwRaised *raised, const GByteArray *frame, GBytes *payload);

/*
 * ccw_raised_find: the raised form of a reply with the same procedure and the same bytes as one of those
 * @raised: NULL: nothing is found
 *
 * Returns: a new frame with @header's serial, or NULL.
 */
GByteArray *ccw_raised_find(const CcwRaised *raised, const CcwHeader *header, const guint8 *payload, gsize length);
