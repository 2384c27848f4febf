/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which storage the program of a request can change. */
#pragma once

#include "channel/request.h"

/* @host: an address of this process, as the program has it */
typedef void (*ChannelStoreFunc)(gpointer opaque, guint8 *host, gsize length);

/**
 * channel_stores_each:
 * @request: its program must be valid, as channel_translate() makes it; NULL as program: no program
 *
 * Calls @func with each range of storage that an input command of the program can change. Adjacent ranges are one. The
 * device may have changed less: a range is the whole count of a CCW, and the program may have ended before it.
 */
void channel_stores_each(const CcwCmdRequest *request, ChannelStoreFunc func, gpointer opaque);
