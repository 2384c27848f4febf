/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The latest raised replies: libvirt's payloads and the payloads that virtccwd made of them. Programs that watch
 * domains ask for the same XML again and again, and the same bytes give the same result for every client. For the main
 * thread only.
 *
 * The replies take 4 MiB at most: REMOTE_RAISED_SLOTS replies of REMOTE_RAISED_MAX bytes, in two forms. A search
 * compares the reply with at most one other.
 */
#pragma once

#include "rpc/wire.h"

#define REMOTE_RAISED_SLOTS 64u
#define REMOTE_RAISED_MAX 32768u /* bytes of a payload; a worker raises a longer one each time */

typedef struct _RemoteRaised RemoteRaised;

/* Returns: an empty set of replies. */
RemoteRaised *remote_raised_new(void);
void remote_raised_free(RemoteRaised *raised);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteRaised, remote_raised_free)

/**
 * remote_raised_keep:
 * @frame: libvirt's reply, a whole frame
 * @payload: of the raised reply; the function takes a reference of its own
 *
 * Keeps the raised form of a reply, unless the reply has a password.
 */
void remote_raised_keep(RemoteRaised *raised, const GByteArray *frame, GBytes *payload);

/**
 * remote_raised_find:
 * @raised: NULL: finds nothing
 *
 * Finds the raised form of a reply with the same procedure and the same bytes.
 *
 * Returns: a new frame with @header's serial, or NULL.
 */
GByteArray *remote_raised_find(const RemoteRaised *raised, const RpcHeader *header, const guint8 *payload,
                               gsize length);
