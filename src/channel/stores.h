/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which storage the program of a request can change. */
#pragma once

#include "channel/request.h"

/* @host: an address of this process, as the program has it */
typedef void (*ChannelStoreFunc)(gpointer opaque, guint8 *host, gsize length);

/**
 * channel_stores_each:
 * @request: its program must be one that channel_translate() made; if the program is 0, there are no ranges
 *
 * Calls @func with each range of storage that the program can change, and joins adjacent ranges. It can be more than
 * what changed: a range is the whole count of a CCW, the program may have ended before it, and each CCW that continues
 * chained data counts as input.
 */
void channel_stores_each(const CcwCmdRequest *request, ChannelStoreFunc func, gpointer opaque);
