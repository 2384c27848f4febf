/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the modes of translating plain CCWs (ChannelPlainMode): all of them must make the same program. */
#pragma once

#include "channel-guest.h"
#include "channel/translate-private.h"

#define CHANNEL_MODES (CHANNEL_PLAIN_AVX512 + 1)

/* Changes to the next mode that this machine has, and from the last to the first. */
void channel_modes_next(ChannelTranslation *t);

/* Translates a program of the guest in each mode. Returns: NULL, or how two modes differ. */
const char *channel_modes_compare(const ChannelGuest *guest, const guint8 orb[CHANNEL_ORB_SIZE]);
