/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See channel-ways.h. */
#include "channel-ways.h"

#include <string.h>

#include "util/endian.h"

void channel_ways_next(CcwTranslation *t)
{
    CcwPlainWay way = t->plain_way;

    do
        way = (way + 1) % CHANNEL_WAYS;
    while (!ccw_translate_plain_choose(t, way));
}

typedef struct {
    CcwTranslation *t;
    CcwTranslateResult result;
    CcwCmdRequest request;
    const CcwProgram *program;
} Outcome;

/* One a way, and never a fresh one: what is left of earlier programs is of no matter. */
static CcwTranslation *translations[CHANNEL_WAYS];

static gboolean translate(Outcome *outcome, CcwPlainWay way, const ChannelGuest *guest, const guint8 *orb)
{
    static const guint8 scsw[CCW_SCSW_SIZE];

    if (!translations[way])
        translations[way] = ccw_translation_new();
    outcome->t = translations[way];
    if (!ccw_translate_plain_choose(outcome->t, way))
        return FALSE;
    outcome->result = ccw_translate(outcome->t, &guest->memory, orb, scsw, &outcome->request);
    outcome->program = (const CcwProgram *)(guintptr)outcome->request.program;
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

    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC && ccw_load_be32(ccw + CCW_OFS_CDA) < CCW_PROGRAM_CDA_OFS)
        return TRUE; /* has none */
    if (!(ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA) || !cda_a || !cda_b)
        return cda_a == cda_b;
    return same_list((const guint64 *)(guintptr)cda_a, (const guint64 *)(guintptr)cda_b,
                     ccw_load_be16(ccw + CCW_OFS_COUNT), a->t->block);
}

/* The way back, of a program check at every CCW. */
static gboolean same_status(const Outcome *a, const Outcome *b)
{
    for (guint32 i = 0; i <= a->request.ccw_count; i++) {
        guint8 irbs[2][CCW_IRB_SIZE] = { { 0 } };

        for (guint k = 0; k < 2; k++) {
            ccw_store_be32(irbs[k] + CCW_SCSW_OFS_CPA, i * CCW_SIZE);
            irbs[k][CCW_SCSW_OFS_CSTAT] = CCW_CSTAT_PROGRAM_CHECK;
            ccw_translation_map_irb(k ? b->t : a->t, irbs[k]);
        }
        if (memcmp(irbs[0], irbs[1], CCW_IRB_SIZE))
            return FALSE;
    }
    return TRUE;
}

static const char *compare(const Outcome *a, const Outcome *b)
{
    if (a->result != b->result)
        return "the result differs";
    if (memcmp(a->request.irb, b->request.irb, CCW_IRB_SIZE))
        return "the IRB differs";
    if (a->result == CCW_TRANSLATE_STATUS)
        return NULL;
    if (memcmp(a->request.orb, b->request.orb, CCW_ORB_SIZE) || a->request.ccw_count != b->request.ccw_count)
        return "the request differs";
    if (memcmp(a->program->ccw, b->program->ccw, a->request.ccw_count * CCW_SIZE))
        return "CCWs differ";
    if (memcmp(a->t->ways, b->t->ways, a->request.ccw_count))
        return "the ways to CCWs differ";
    for (guint i = 0; i < a->request.ccw_count; i++)
        if (!same_data(a, b, i))
            return "addresses of data differ";
    return same_status(a, b) ? NULL : "the way back differs";
}

const char *channel_ways_compare(const ChannelGuest *guest, const guint8 orb[CCW_ORB_SIZE])
{
    Outcome slowest, other;
    const char *verdict = NULL;

    translate(&slowest, CCW_PLAIN_NOT, guest, orb);
    for (CcwPlainWay way = CCW_PLAIN_NOT + 1; way < CHANNEL_WAYS && !verdict; way++)
        if (translate(&other, way, guest, orb))
            verdict = compare(&slowest, &other);
    return verdict;
}
