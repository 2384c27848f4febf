/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A channel that executes the guest's own program: CCW by CCW, IDAW by IDAW, byte by byte, each looked up in the
 * guest's storage when its turn comes. It shares nothing with the translation or the device's loop, is slow, and is
 * meant to be seen to be right beside chapters 15 and 16 of the Principles of Operation.
 */
#pragma once

#include "channel-guest.h"
#include "toy-device.h"

/*
 * Runs the program that the ORB names to its end, or until it is suspended; resumes: the ORB's address is that of the
 * CCW it was suspended before. ret_scsw: the 12 bytes that TEST SUBCHANNEL would store, big-endian. pcis, if not NULL,
 * gets the CCW address (guint32) of each program-controlled interruption that is told at once; those are not in the
 * status then.
 */
void channel_interpret(ChannelGuest *guest, ToyDevice *device, const guint8 orb[CHANNEL_ORB_SIZE], gboolean resumes,
                       GArray *pcis, guint8 ret_scsw[CHANNEL_SCSW_SIZE]);
