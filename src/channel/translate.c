/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates a channel program into a request, and the status of the request into the guest's terms. translate-chain.c
 * translates the CCWs themselves.
 */
#include "channel/translate.h"

#include <string.h>

#include "channel/irb.h"
#include "channel/translate-private.h"
#include "util/endian.h"

ChannelTranslation *channel_translation_new(void)
{
    /* translate-vector.c stores vectors of a cache line's size into the program. */
    ChannelTranslation *t = g_aligned_alloc0(1, sizeof(ChannelTranslation), CHANNEL_PROGRAM_SIZE);

    for (guint i = 0; i < CHANNEL_PROGRAM_MAX; i++)
        t->cda_fields[i] = GUINT64_TO_BE(channel_cda_offset(i));
    for (ChannelPlainMode mode = CHANNEL_PLAIN_AVX512; !channel_translate_plain_set_mode(t, mode);)
        mode--;
    return t;
}

void channel_translation_free(ChannelTranslation *translation)
{
    g_aligned_free(translation);
}

static gboolean is_protected(const ChannelTranslation *t, guint index)
{
    for (guint i = 0; i < t->n_protected; i++) {
        if (t->protected[i] == index)
            return TRUE;
    }
    return FALSE;
}

/* Returns: the guest's address of CCW index; for a NOOP that the translation added, that of the CCW before it. */
static guint32 guest_address(const ChannelTranslation *t, guint index)
{
    for (guint i = 0; i < t->n_tics; i++) {
        if (t->tics[i].index == index && t->tics[i].is_to_tic)
            return t->tics[i].target;
    }
    for (guint i = 0; i < t->n_segments; i++) {
        const ChannelSegment *segment = &t->segments[i];

        if (segment->count && index >= segment->first && index - segment->first < segment->count)
            return segment->address + (index - segment->first) * CCW_SIZE;
    }
    return index ? guest_address(t, index - 1) : ccw_load_be32(t->orb + CHANNEL_ORB_OFS_CPA);
}

static ChannelTranslateResult fail_check(const ChannelTranslation *t, CcwCmdRequest *request, guint32 address,
                                         guint8 cstat, guint16 count)
{
    channel_irb_check(request->irb, t->orb, address, cstat, count);
    return CHANNEL_TRANSLATE_STATUS;
}

static void begin_program(ChannelTranslation *t, const ChannelMemory *memory, const guint8 *orb, const guint8 *scsw)
{
    guint32 flags = ccw_load_be32(orb + CHANNEL_ORB_OFS_FLAGS);

    memcpy(t->orb, orb, CHANNEL_ORB_SIZE);
    t->is_format1 = flags & CHANNEL_ORB_FORMAT1 ? TRUE : FALSE;
    t->has_idaw64 = flags & CHANNEL_ORB_C64 ? TRUE : FALSE;
    t->can_suspend = flags & CHANNEL_ORB_SUSPEND ? TRUE : FALSE;
    t->is_resumed = ccw_load_be16(scsw + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_RESUME_PENDING ? TRUE : FALSE;
    t->block = t->has_idaw64 && !(flags & CHANNEL_ORB_T2K) ? 4096 : 2048;

    /* Most guests have their storage in one piece, from address 0. */
    t->memory = memory;
    t->windows[0] = t->windows[1] = (ChannelWindow){ 0 };
    channel_translation_map_slow(t, 0, 1, FALSE);
    channel_translation_map_slow(t, 0, 1, TRUE);
}

/*
 * The device gets format-1 CCWs. With format 0 the channel suppresses the incorrect length of immediate operations, so
 * the device gets the flag for that, too.
 */
static void fill_request(ChannelTranslation *t, CcwCmdRequest *request)
{
    guint32 flags = ccw_load_be32(t->orb + CHANNEL_ORB_OFS_FLAGS) | CHANNEL_ORB_FORMAT1;

    if (!t->is_format1)
        flags |= CHANNEL_ORB_ILS;
    ccw_store_be32(request->orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(request->orb + CHANNEL_ORB_OFS_CPA, 0);
    request->ccw_count = t->count;
    request->program = (guint64)(guintptr)&t->program;
}

ChannelTranslateResult channel_translate(ChannelTranslation *translation, const ChannelMemory *memory,
                                         const guint8 orb[CHANNEL_ORB_SIZE], const guint8 scsw[CHANNEL_SCSW_SIZE],
                                         CcwCmdRequest *request)
{
    static const guint8 no_irb[CHANNEL_IRB_SIZE];
    ChannelTranslation *t = translation;
    guint32 cpa = ccw_load_be32(orb + CHANNEL_ORB_OFS_CPA);
    guint32 address = 0;

    begin_program(t, memory, orb, scsw);
    request->argsz = sizeof(*request);
    memcpy(request->orb, orb, CHANNEL_ORB_SIZE);
    memcpy(request->scsw, scsw, CHANNEL_SCSW_SIZE);
    /* memset() would become an instruction whose start alone takes longer than this copy. */
    memcpy(request->irb, no_irb, CHANNEL_IRB_SIZE);
    request->ccw_count = 0;
    request->program = 0;

    /* No subchannel here has transport mode, so the ORB is not valid (chapter 16, "Invalid ORB Format"). */
    if (ccw_load_be32(orb + CHANNEL_ORB_OFS_FLAGS) & CHANNEL_ORB_TRANSPORT)
        return fail_check(t, request, cpa, CHANNEL_CSTAT_PROGRAM_CHECK, 0);
    if (cpa & (CCW_CDA_RESERVED | (CCW_SIZE - 1)))
        return fail_check(t, request, cpa, CHANNEL_CSTAT_PROGRAM_CHECK, 0);
    /* The NOOPs between segments must not displace CCWs of the guest. */
    if (!channel_translate_chain(t, cpa, TRUE, &address) && !channel_translate_chain(t, cpa, FALSE, &address))
        return fail_check(t, request, address, CHANNEL_CSTAT_PROGRAM_CHECK, 0);
    if (t->program.ccw[0][CCW_OFS_CMD] == 0)
        return fail_check(t, request, cpa,
                          is_protected(t, 0) ? CHANNEL_CSTAT_PROTECTION_CHECK : CHANNEL_CSTAT_PROGRAM_CHECK,
                          ccw_load_be16(t->program.ccw[0] + CCW_OFS_COUNT));
    channel_translate_tics(t);
    fill_request(t, request);
    return CHANNEL_TRANSLATED;
}

void channel_translation_map_irb(const ChannelTranslation *translation, guint8 irb[CHANNEL_IRB_SIZE])
{
    const ChannelTranslation *t = translation;
    guint32 number = ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA) / CCW_SIZE;
    guint32 cpa = ccw_load_be32(t->orb + CHANNEL_ORB_OFS_CPA);
    guint16 flags = ccw_load_be16(irb + CHANNEL_SCSW_OFS_FLAGS);

    /* 0: the device has reached no CCW. It cannot go beyond the program, so the last CCW is the limit. */
    number = MIN(number, t->count);
    if (number > 0) {
        cpa = guest_address(t, number - 1) + CCW_SIZE;
        if (irb[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_PROGRAM_CHECK && is_protected(t, number - 1))
            irb[CHANNEL_SCSW_OFS_CSTAT] ^= CHANNEL_CSTAT_PROGRAM_CHECK | CHANNEL_CSTAT_PROTECTION_CHECK;
    }
    ccw_store_be32(irb + CHANNEL_SCSW_OFS_CPA, cpa);
    if (!t->is_format1)
        ccw_store_be16(irb + CHANNEL_SCSW_OFS_FLAGS, flags & ~CHANNEL_SCSW_FLAG_F);
}
