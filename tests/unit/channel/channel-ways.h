/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways to translate plain CCWs (CcwPlainWay), held to one another: each makes the same of a program. */
#pragma once

#include "channel-guest.h"
#include "channel/translate-private.h"

#define CHANNEL_WAYS (CCW_PLAIN_AVX512 + 1)

/* In the next way that this machine has: called again and again, all of them have their turn. */
void channel_ways_next(CcwTranslation *t);

/* NULL, or in what two ways differ; they translate a program of the same guest. */
const char *channel_ways_compare(const ChannelGuest *guest, const guint8 orb[CCW_ORB_SIZE]);
