/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A channel that executes the guest's own program: CCW by CCW, IDAW by IDAW, byte by byte. It reads each of them in the
 * guest's storage when it needs it. It shares no code with the translation or the device's loop. It is slow, and so
 * simple that a reader can compare it with chapters 15 and 16 of the Principles of Operation.
 */
#pragma once

#include "channel-guest.h"
#include "toy-device.h"

/*
 * Runs the program that the ORB names to its end, or until it is suspended.
 *
 * @resumes: whether the ORB's address is that of the CCW before which the program was suspended
 * @ret_scsw: the 12 bytes that TEST SUBCHANNEL would store, big-endian
 * @pcis: NULL, or receives the CCW address (guint32) of each program-controlled interruption that is reported at once;
 * these interruptions are not in the status then
 */
void channel_interpret(ChannelGuest *guest, ToyDevice *device, const guint8 orb[CHANNEL_ORB_SIZE], gboolean resumes,
                       GArray *pcis, guint8 ret_scsw[CHANNEL_SCSW_SIZE]);
