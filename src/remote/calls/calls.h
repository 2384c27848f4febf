/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of a client that take several steps: one file each. */
#pragma once

#include "remote/action.h"

/* FALSE: nothing of ours in the call, forward it. */
gboolean ccw_attach_begin(CcwConnection *connection, CcwCall *call);
gboolean ccw_node_begin(CcwConnection *connection, const CcwCall *call);
gboolean ccw_nodes_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                         const guint8 *payload, gsize length);
gboolean ccw_by_hand_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length);
gboolean ccw_migrate_begin(CcwConnection *connection, CcwCall *call);
gboolean ccw_domcaps_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length);
gboolean ccw_messages_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                            const guint8 *payload, gsize length);
gboolean ccw_define_begin(CcwConnection *connection, CcwCall *call);
gboolean ccw_detach_begin(CcwConnection *connection, CcwCall *call);
