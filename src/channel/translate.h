/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates a guest's channel program into the user-space program of request.h, and translates the status back. This
 * is the whole boundary between guest and device: after it no code reads a CCW or an IDAW of the guest again. See
 * channel_translate().
 */
#pragma once

#include <glib.h>

#include "channel/memory.h"
#include "channel/request.h"

/*
 * The state of one device's translation, which only one thread may use at a time. It holds the program and its lists,
 * so that channel_translate() allocates no memory.
 */
typedef struct _ChannelTranslation ChannelTranslation;

typedef enum {
    CHANNEL_TRANSLATED,       /* the request is ready for the device */
    CHANNEL_TRANSLATE_STATUS, /* request->irb is the status for the guest; the device gets no request */
} ChannelTranslateResult;

ChannelTranslation *channel_translation_new(void);
void channel_translation_free(ChannelTranslation *translation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ChannelTranslation, channel_translation_free)

/**
 * channel_translate: Translates a channel program into a request.
 * @memory: the guest's storage
 * @orb: the guest's, big-endian. With a resume function pending, its CPA is the CCW before which the program suspended
 * @scsw: the guest's, big-endian
 * @request: gets the request. Its program belongs to @translation and is valid until the next call; the addresses in
 * the program are valid while the guest's storage stays mapped in the same place
 *
 * The function reads every CCW and IDAW once, as one doubleword or word, and checks and uses this copy. It reads the
 * CCWs by segments: a segment is CCWs that follow each other in the guest's storage, and a TIC to a CCW of no segment
 * begins a new one. It also reads a program at its start that the guest started without prefetch. It checks no storage
 * keys.
 *
 * After a TIC or the end of a chain, the channel reaches the next CCW in storage only if the CCW before ends with
 * status modifier. Only searches (commands xxxxx001) do so, so only after a search does a segment go on there. Such a
 * CCW can be both a command and data of the CCW before it. The program has it once, and its storage must suit both.
 *
 * A command with the suspend flag ends the segment, if the ORB allows suspension. The device stops before it, and the
 * resume function translates it again.
 *
 * Errors of the guest become a program or protection check, never an error of the host:
 *  - A CCW with command 00, which is invalid in every format, replaces an invalid CCW. The device finds it when it
 *    reaches it, as a channel does, after it has executed the CCWs before.
 *  - Data that leaves the guest's storage after its first byte becomes a list that ends there. The device transfers the
 *    data before the end.
 *  - If the ORB's address or the first CCW is invalid, this function makes the IRB itself.
 *  - If the program has more than CHANNEL_PROGRAM_MAX CCWs, it does the same. The device executes nothing, and the
 *    SCSW's address is 8 beyond the first CCW too many. A program of exactly CHANNEL_PROGRAM_MAX CCWs is valid, and has
 *    no NOOP at its end.
 *
 * Returns: CHANNEL_TRANSLATED, or CHANNEL_TRANSLATE_STATUS with a status.
 */
ChannelTranslateResult channel_translate(ChannelTranslation *translation, const ChannelMemory *memory,
                                         const guint8 orb[CHANNEL_ORB_SIZE], const guint8 scsw[CHANNEL_SCSW_SIZE],
                                         CcwCmdRequest *request);

/**
 * channel_translation_map_irb: Translates a device's status into the guest's terms: the SCSW's CPA and CCW format.
 * @translation: its last program is the one that the device has executed
 * @irb: the device's, big-endian; changed
 */
void channel_translation_map_irb(const ChannelTranslation *translation, guint8 irb[CHANNEL_IRB_SIZE]);
