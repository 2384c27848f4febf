/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of each frame: whether it passes unread, and else what it is rewritten to or which action it begins.
 * Pure decisions on data; sockets are connection.c's.
 */
#pragma once

#include "remote/connection.h"
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
