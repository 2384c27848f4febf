/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Raises replies: rewrites the XML in libvirt's replies, and the texts of its errors. The functions change no state,
 * and are for any thread. call.h lowers calls.
 */
#pragma once

#include "remote/protocol.h"
#include "rpc/wire.h"

/* The main thread does not search a longer payload: a worker finds out whether there is an element of ours. */
#define REMOTE_RELAY_SEARCH_MAX 65536u

/* Returns: whether the frame carries an error of libvirt's. */
gboolean remote_relay_has_error(const RpcHeader *header);

/**
 * remote_relay_must_parse_reply:
 * @procedure: the row of the reply, or NULL if the table has no row
 *
 * Takes linear time.
 *
 * Returns: whether remote_relay_raise() has to parse XML, for which it needs a worker.
 */
gboolean remote_relay_must_parse_reply(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                                       gsize length);

/**
 * remote_relay_raise:
 * @procedure: the row of the reply; NULL: the function changes only an error's texts
 *
 * Returns: the reply's frame for the client: our elements raised, our UUIDs in errors replaced by bus ids.
 */
GByteArray *remote_relay_raise(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                               gsize length);
