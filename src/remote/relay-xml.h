/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the relay does to the XML in a frame, and to the texts of errors: calls are lowered, replies raised. Data in,
 * data out, for any thread.
 */
#pragma once

#include "remote/procedures.h"
#include "rpc/wire.h"

/* A longer payload is not looked through in the main thread: a worker finds out that there is nothing to do. */
#define CCW_RELAY_LOOK_MAX 65536u

/* The row of a frame's procedure; NULL: there is none, and the frame passes. */
const CcwProcedure *ccw_relay_lookup(const CcwHeader *header);

/* Whether the payload is an error of libvirt's. */
gboolean ccw_relay_has_error(const CcwHeader *header);

/*
 * A call's frame as the backend shall have it: our elements lowered. What libvirt is to judge itself is left as it
 * is. NULL and an error (CCW_ERROR_INVALID) if the backend shall not see it. map: as ccw_conf_lower has it.
 */
GByteArray *ccw_relay_lower(const CcwProcedure *procedure, const CcwHeader *header, const guint8 *payload, gsize length,
                            int map, GError **error);

/* Whether ccw_relay_raise() has to parse XML for it, which is for a worker to do. A quick look, linear. */
gboolean ccw_relay_must_parse_reply(const CcwHeader *header, const guint8 *payload, gsize length);

/* A reply's frame as the client shall have it: our elements raised, our UUIDs in errors as bus ids. */
GByteArray *ccw_relay_raise(const CcwHeader *header, const guint8 *payload, gsize length);
