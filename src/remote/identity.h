/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells libvirt whose calls a connection carries, before the first call that matters, because libvirt sees root in
 * every connection of virtccwd's. It uses CONNECT_SET_IDENTITY, as virtproxyd does. Until then virtccwd forwards only
 * calls that need no identity.
 */
#pragma once

#include <glib.h>

#include "remote/connection-private.h"

/*
 * Opens a new connection at libvirt, and begins to look up the client's identity. Meanwhile virtccwd reads only root's
 * calls.
 */
void remote_identity_begin(RemoteConnection *connection);

/**
 * remote_identity_header:
 * @ret_handling: how to handle the frame
 *
 * Returns: FALSE if the relay decides about this frame of the client's, because the identity does not matter for it.
 */
gboolean remote_identity_header(RemoteConnection *connection, const RpcHeader *header, RpcInboxHandling *ret_handling);

/* Returns: TRUE if this function has handled a frame of RPC_INBOX_HOLD of the client's. */
gboolean remote_identity_frame(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload,
                               gsize length);
