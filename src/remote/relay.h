/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of each frame: whether it passes unread, and else what it is rewritten to or which action it begins.
 * Pure decisions on data; sockets are connection.c's.
 */
#pragma once

#include "remote/call.h"
#include "remote/connection.h"
#include "remote/procedures.h"
#include "rpc/inbox.h"

CcwInboxWay ccw_relay_client_header(CcwConnection *connection, const CcwHeader *header);
CcwInboxWay ccw_relay_backend_header(CcwConnection *connection, const CcwHeader *header);
void ccw_relay_client_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length,
                            GArray *fds);
void ccw_relay_backend_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length);

/*
 * The user has no room for a frame that was to be taken: what becomes of it instead. A call, or a reply, is answered
 * with an error that says so; other frames pass as they are.
 */
CcwInboxWay ccw_relay_client_no_room(CcwConnection *connection, const CcwHeader *header);
CcwInboxWay ccw_relay_backend_no_room(CcwConnection *connection, const CcwHeader *header);

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
