/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the translation. Input: an ORB's flags and CPA, then the content of the guest's first 64 KiB of storage; a
 * second piece follows at 64 KiB. Each mode of translating plain CCWs translates the program, once more with storage in
 * one piece, which some modes need. All modes must make the same program.
 */
#include <string.h>

#include "channel-modes.h"
#include "fuzz-fail.h"
#include "util/endian.h"

#define STORAGE 0x10000

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(const ChannelGuest *guest, const guint8 orb[CHANNEL_ORB_SIZE])
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    const guint8 scsw[CHANNEL_SCSW_SIZE] = { 0 };
    CcwCmdRequest request;
    const char *verdict;

    if (channel_translate(t, &guest->memory, orb, scsw, &request) != CHANNEL_TRANSLATED)
        return;
    verdict = channel_guest_check(guest, &request);
    if (verdict)
        fuzz_fail("%s", verdict);
    for (guint32 i = 0; i <= request.ccw_count; i++) {
        guint8 irb[CHANNEL_IRB_SIZE] = { 0 };

        ccw_store_be32(irb + CHANNEL_SCSW_OFS_CPA, i * CCW_SIZE);
        channel_translation_map_irb(t, irb);
    }
}

static void compare(const ChannelGuest *guest, const guint8 orb[CHANNEL_ORB_SIZE])
{
    const char *verdict = channel_modes_compare(guest, orb);

    if (verdict)
        fuzz_fail("%s", verdict);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_auto(ChannelGuest) guest = { 0 }, whole = { 0 };
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };

    if (size < 8)
        return 0;
    memcpy(orb + CHANNEL_ORB_OFS_FLAGS, data, 8);
    size = MIN(size - 8, STORAGE);
    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, STORAGE);
    channel_guest_add(&guest, STORAGE, 0x1000);
    memcpy(channel_guest_at(&guest, 0), data + 8, size);
    check(&guest, orb);

    channel_guest_init(&whole);
    channel_guest_add(&whole, 0, 2 * STORAGE);
    memcpy(channel_guest_at(&whole, 0), data + 8, size);
    compare(&whole, orb);
    return 0;
}
