/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Libvirt sees root in every connection of virtccwd's; here it learns whose calls they are, before the first of them
 * that matters (CONNECT_SET_IDENTITY, as virtproxyd does it). Until then only what needs no identity passes.
 */
#pragma once

#include <glib.h>

#include "remote/connection-private.h"

/* Of a new connection: looks up who the client is, and has libvirt let it in. Only root is read meanwhile. */
void ccw_identity_begin(CcwConnection *connection);

/* What is to be done with a frame of the client's. FALSE: the identity has nothing to do with it. */
gboolean ccw_identity_header(CcwConnection *connection, const CcwHeader *header, CcwInboxWay *ret_way);

/* The same of one that was taken; TRUE: it was dealt with. */
gboolean ccw_identity_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length);
