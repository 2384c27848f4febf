/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The translation under libFuzzer. Input: an ORB's flags and CPA, then what is in 64 KiB of the guest's storage from
 * address 0 on; a second piece follows at 64 KiB.
 */
#include <string.h>

#include "channel-guest.h"
#include "util/ccw-endian.h"

#define STORAGE 0x10000

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(CcwTranslation) t = ccw_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    guint8 orb[CCW_ORB_SIZE] = { 0 }, scsw[CCW_SCSW_SIZE] = { 0 };
    CcwCmdRequest request;

    if (size < 8)
        return 0;
    memcpy(orb + CCW_ORB_OFS_FLAGS, data, 8);
    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, STORAGE);
    channel_guest_add(&guest, STORAGE, 0x1000);
    memcpy(channel_guest_at(&guest, 0), data + 8, MIN(size - 8, STORAGE));

    if (ccw_translate(t, &guest.memory, orb, scsw, &request) == CCW_TRANSLATED) {
        const char *verdict = channel_guest_judge(&guest, &request);

        if (verdict)
            g_error("%s", verdict);
        for (guint32 i = 0; i <= request.ccw_count; i++) {
            guint8 irb[CCW_IRB_SIZE] = { 0 };

            ccw_store_be32(irb + CCW_SCSW_OFS_CPA, i * CCW_SIZE);
            ccw_translation_map_irb(t, irb);
        }
    }
    return 0;
}
