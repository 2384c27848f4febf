/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "channel-modes.h"

#include <string.h>

#include "util/endian.h"

void channel_modes_next(ChannelTranslation *t)
{
    ChannelPlainMode mode = t->plain_mode;

    do
        mode = (mode + 1) % CHANNEL_MODES;
    while (!channel_translate_plain_set_mode(t, mode));
}

typedef struct {
    ChannelTranslation *t;
    ChannelTranslateResult result;
    CcwCmdRequest request;
    const ChannelProgram *program;
} Outcome;

/* One translation for each mode, used for all programs: earlier programs must have no effect on later ones. */
static ChannelTranslation *translations[CHANNEL_MODES];

static gboolean translate(Outcome *outcome, ChannelPlainMode mode, const ChannelGuest *guest, const guint8 *orb)
{
    static const guint8 scsw[CHANNEL_SCSW_SIZE];

    if (!translations[mode])
        translations[mode] = channel_translation_new();
    outcome->t = translations[mode];
    if (!channel_translate_plain_set_mode(outcome->t, mode))
        return FALSE;
    outcome->result = channel_translate(outcome->t, &guest->memory, orb, scsw, &outcome->request);
    outcome->program = (const ChannelProgram *)(guintptr)outcome->request.program;
    return TRUE;
}

static gboolean same_list(const guint64 *a, const guint64 *b, guint count, guint block)
{
    for (guint n = 0, left = count; left; n++) {
        if (a[n] != b[n])
            return FALSE;
        if (a[n] == 0)
            break;
        left -= MIN(left, block - (guint)(a[n] & (block - 1)));
    }
    return TRUE;
}

static gboolean same_data(const Outcome *a, const Outcome *b, guint i)
{
    const guint8 *ccw = a->program->ccw[i];
    guint64 cda_a = a->program->cda[i], cda_b = b->program->cda[i];

    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC && ccw_load_be32(ccw + CCW_OFS_CDA) < CHANNEL_PROGRAM_CDA_OFS)
        return TRUE; /* the machine does not have this mode */
    if (!(ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA) || !cda_a || !cda_b)
        return cda_a == cda_b;
    return same_list((const guint64 *)(guintptr)cda_a, (const guint64 *)(guintptr)cda_b,
                     ccw_load_be16(ccw + CCW_OFS_COUNT), a->t->block);
}

/* Compares the translated status of a program check at every CCW. */
static gboolean same_status(const Outcome *a, const Outcome *b)
{
    for (guint32 i = 0; i <= a->request.ccw_count; i++) {
        guint8 irbs[2][CHANNEL_IRB_SIZE] = { { 0 } };

        for (guint k = 0; k < 2; k++) {
            ccw_store_be32(irbs[k] + CHANNEL_SCSW_OFS_CPA, i * CCW_SIZE);
            irbs[k][CHANNEL_SCSW_OFS_CSTAT] = CHANNEL_CSTAT_PROGRAM_CHECK;
            channel_translation_map_irb(k ? b->t : a->t, irbs[k]);
        }
        if (memcmp(irbs[0], irbs[1], CHANNEL_IRB_SIZE))
            return FALSE;
    }
    return TRUE;
}

static const char *compare(const Outcome *a, const Outcome *b)
{
    if (a->result != b->result)
        return "the result differs";
    if (memcmp(a->request.irb, b->request.irb, CHANNEL_IRB_SIZE))
        return "the IRB differs";
    if (a->result == CHANNEL_TRANSLATE_STATUS)
        return NULL;
    if (memcmp(a->request.orb, b->request.orb, CHANNEL_ORB_SIZE) || a->request.ccw_count != b->request.ccw_count)
        return "the request differs";
    if (memcmp(a->program->ccw, b->program->ccw, a->request.ccw_count * CCW_SIZE))
        return "CCWs differ";
    if (memcmp(a->t->roles, b->t->roles, a->request.ccw_count))
        return "the roles of CCWs differ";
    for (guint i = 0; i < a->request.ccw_count; i++)
        if (!same_data(a, b, i))
            return "addresses of data differ";
    return same_status(a, b) ? NULL : "the status differs";
}

const char *channel_modes_compare(const ChannelGuest *guest, const guint8 orb[CHANNEL_ORB_SIZE])
{
    Outcome slowest, other;
    const char *verdict = NULL;

    translate(&slowest, CHANNEL_PLAIN_OFF, guest, orb);
    for (ChannelPlainMode mode = CHANNEL_PLAIN_OFF + 1; mode < CHANNEL_MODES && !verdict; mode++)
        if (translate(&other, mode, guest, orb))
            verdict = compare(&slowest, &other);
    return verdict;
}
