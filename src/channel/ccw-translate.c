/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The chain half of the translation: runs of CCWs, TICs, and the way back from the program to the guest's addresses.
 * What a CCW's data address means is ccw-translate-data.c. Principles of Operation, chapter 15, "Channel-Command Word"
 * and "Chaining"; chapter 16, "Program Check".
 */
#include "channel/ccw-translate.h"

#include <string.h>

#include "channel/ccw-irb.h"
#include "channel/ccw-translate-private.h"
#include "util/ccw-endian.h"

#define CCW_CDA_RESERVED 0x80000000u /* format 1: an address has 31 bits */

/* Where a run stands while it is fetched. */
typedef struct {
    guint8 cmd;            /* the command under way */
    gboolean data_chained; /* the next CCW goes on with its data */
    gboolean may_skip;     /* the CCW before may end with status modifier: the next but one can be reached */
} ChainState;

typedef enum {
    RUN_GOES_ON,
    RUN_ENDS,  /* no chaining: the chain's end */
    RUN_STOPS, /* a TIC, or a CCW that is not valid */
} RunVerdict;

CcwTranslation *ccw_translation_new(void)
{
    return g_new0(CcwTranslation, 1);
}

void ccw_translation_free(CcwTranslation *translation)
{
    g_free(translation);
}

static CcwFields decode_ccw1(const guint8 raw[CCW_SIZE])
{
    return (CcwFields){
        .cmd = raw[CCW_OFS_CMD],
        .flags = raw[CCW_OFS_FLAGS],
        .count = ccw_load_be16(raw + CCW_OFS_COUNT),
        .cda = ccw_load_be32(raw + CCW_OFS_CDA),
    };
}

/* A format-0 TIC is told by four bits, and its flags and count mean nothing. */
static CcwFields decode_ccw0(const guint8 raw[CCW_SIZE])
{
    gboolean tic = (raw[CCW_OFS_CMD] & 0x0f) == CCW_CMD_TIC;

    return (CcwFields){
        .cmd = tic ? CCW_CMD_TIC : raw[CCW_OFS_CMD],
        .flags = tic ? 0 : raw[CCW0_OFS_FLAGS],
        .count = tic ? 0 : ccw_load_be16(raw + CCW0_OFS_COUNT),
        .cda = ccw_load_be32(raw + CCW0_OFS_CDA) & 0x00ffffffu,
    };
}

static guint8 *map_ccw(CcwTranslation *t, guint64 address)
{
    gsize available = 0;
    guint8 *host = NULL;

    if (address + CCW_SIZE <= ccw_translation_limit(t))
        host = t->memory->map(t->memory->opaque, address, CCW_SIZE, FALSE, &available);
    return available < CCW_SIZE ? NULL : host;
}

/* Reads one CCW of the guest, once: the copy is what counts from here on. */
static gboolean fetch_ccw(CcwTranslation *t, guint64 address, CcwFields *ret_ccw)
{
    guint8 *host = map_ccw(t, address);
    guint64 raw;

    if (!host)
        return FALSE;
    raw = __atomic_load_n((guint64 *)(void *)host, __ATOMIC_RELAXED);
    *ret_ccw = t->format1 ? decode_ccw1((const guint8 *)&raw) : decode_ccw0((const guint8 *)&raw);
    return TRUE;
}

static void store_ccw(CcwTranslation *t, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = t->program.ccw[index];

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
}

static guint32 cda_offset(guint index)
{
    return CCW_PROGRAM_CDA_OFS + index * sizeof(guint64);
}

/* What the device finds in the place of a CCW that is not valid: a program check at guest address `address`. */
static RunVerdict store_invalid(CcwTranslation *t, guint index, guint32 address)
{
    store_ccw(t, index, 0, 0, 0, cda_offset(index));
    t->program.cda[index] = 0;
    t->tic[index] = FALSE;
    t->guest[index] = address;
    return RUN_STOPS;
}

static const CcwRun *find_run(const CcwTranslation *t, guint32 address)
{
    for (guint i = 0; i < t->n_runs; i++) {
        const CcwRun *run = &t->runs[i];

        if (run->count && address >= run->address && address - run->address < run->count * (guint32)CCW_SIZE)
            return run;
    }
    return NULL;
}

static void queue_run(CcwTranslation *t, guint32 address, const ChainState *from)
{
    for (guint i = 0; i < t->n_runs; i++) {
        if (t->runs[i].address == address)
            return;
    }
    /* A TIC has a place in the program, so there is one for its run. */
    g_assert(t->n_runs < G_N_ELEMENTS(t->runs));
    t->runs[t->n_runs++] = (CcwRun){ .address = address, .data_chained = from->data_chained, .cmd = from->cmd };
}

static RunVerdict place_tic(CcwTranslation *t, guint index, guint32 address, const CcwFields *ccw, ChainState *state)
{
    /* The first CCW of a program may not be one (chapter 16: "invalid sequence"), and its target is a CCW in storage.
     */
    if (index == 0 || ccw->flags || ccw->count || ccw->cda & (CCW_CDA_RESERVED | (CCW_SIZE - 1)) ||
        !map_ccw(t, ccw->cda))
        return store_invalid(t, index, address);

    store_ccw(t, index, CCW_CMD_TIC, 0, 0, 0);
    t->tic[index] = TRUE;
    t->target[index] = ccw->cda;
    queue_run(t, ccw->cda, state);
    if (!state->may_skip)
        return RUN_STOPS;
    *state = (ChainState){ 0 };
    return RUN_GOES_ON;
}

/* The fields of a CCW that is no TIC, its addresses aside. */
static gboolean ccw_is_valid(CcwTranslation *t, const CcwFields *ccw, const ChainState *state)
{
    /* Zero is a count when no data is chained, in format 1. */
    if (ccw->count == 0 && (!t->format1 || ccw->flags & CCW_FLAG_CD || state->data_chained))
        return FALSE;
    if (ccw->flags & CCW_FLAG_MIDA || ccw->cda & CCW_CDA_RESERVED)
        return FALSE;
    if (ccw->flags & CCW_FLAG_SUSPEND) {
        if (!(ccw_load_be32(t->orb + CCW_ORB_OFS_FLAGS) & CCW_ORB_SUSPEND))
            return FALSE;
        t->suspends = TRUE;
    }
    /* Commands xxxx0000 and, other than TIC, xxxx1000 are invalid; that of a data-chained CCW is not looked at. */
    return state->data_chained || ccw->cmd & 0x07;
}

static RunVerdict place_ccw(CcwTranslation *t, guint32 address, ChainState *state)
{
    guint index = t->count++;
    CcwFields ccw;
    guint8 flags, cmd;

    t->guest[index] = address;
    t->tic[index] = FALSE;
    if (!fetch_ccw(t, address, &ccw))
        return store_invalid(t, index, address);
    if (ccw.cmd == CCW_CMD_TIC)
        return place_tic(t, index, address, &ccw, state);

    flags = ccw.flags;
    cmd = state->data_chained ? state->cmd : ccw.cmd;
    if (!ccw_is_valid(t, &ccw, state) || !ccw_translate_data(t, index, &ccw, cmd, &flags))
        return store_invalid(t, index, address);
    store_ccw(t, index, ccw.cmd, flags, ccw.count, cda_offset(index));

    state->cmd = cmd;
    state->data_chained = ccw.flags & CCW_FLAG_CD ? TRUE : FALSE;
    state->may_skip = (ccw.flags & (CCW_FLAG_CC | CCW_FLAG_CD)) == CCW_FLAG_CC && (cmd & 0x03) == 0x01;
    return ccw.flags & (CCW_FLAG_CC | CCW_FLAG_CD) ? RUN_GOES_ON : RUN_ENDS;
}

/* FALSE when a CCW finds no place; *ret_address is then its address in the guest. */
static gboolean fetch_run(CcwTranslation *t, CcwRun *run, gboolean pad, guint32 *ret_address)
{
    ChainState state = { .cmd = run->cmd, .data_chained = run->data_chained };
    RunVerdict verdict = RUN_GOES_ON;

    run->first = t->count;
    for (guint32 address = run->address; verdict == RUN_GOES_ON; address += CCW_SIZE) {
        if (t->count == CCW_PROGRAM_MAX) {
            *ret_address = address;
            return FALSE;
        }
        run->count++;
        verdict = place_ccw(t, address, &state);
    }
    if (verdict == RUN_ENDS && pad && t->count < CCW_PROGRAM_MAX) {
        guint index = t->count++;

        store_ccw(t, index, CCW_CMD_NOOP, CCW_FLAG_SLI, 0, cda_offset(index));
        t->program.cda[index] = 0;
        t->tic[index] = FALSE;
        t->guest[index] = t->guest[index - 1];
    }
    return TRUE;
}

static gboolean fetch_program(CcwTranslation *t, guint32 cpa, gboolean pad, guint32 *ret_address)
{
    t->count = 0;
    t->n_runs = 0;
    t->suspends = FALSE;
    queue_run(t, cpa, &(ChainState){ 0 });
    for (guint i = 0; i < t->n_runs; i++) {
        if (find_run(t, t->runs[i].address))
            continue;
        if (!fetch_run(t, &t->runs[i], pad, ret_address))
            return FALSE;
    }
    return TRUE;
}

/* Now that every target has a place: TIC addresses become offsets. */
static void resolve_tics(CcwTranslation *t)
{
    for (guint i = 0; i < t->count; i++) {
        const CcwRun *run;
        guint target;

        if (!t->tic[i])
            continue;
        run = find_run(t, t->target[i]);
        g_assert(run);
        target = run->first + (t->target[i] - run->address) / CCW_SIZE;
        ccw_store_be32(t->program.ccw[i] + CCW_OFS_CDA, target * CCW_SIZE);
    }
    /* A TIC to a TIC is a program check at the second. Apart, so that every TIC is still known as one above. */
    for (guint i = 0; i < t->count; i++) {
        guint target = ccw_load_be32(t->program.ccw[i] + CCW_OFS_CDA) / CCW_SIZE;

        if (t->program.ccw[i][CCW_OFS_CMD] == CCW_CMD_TIC && t->tic[i] && t->tic[target]) {
            store_ccw(t, i, 0, 0, 0, cda_offset(i));
            t->program.cda[i] = 0;
            t->guest[i] = t->target[i];
        }
    }
}

static CcwTranslateResult program_check(const CcwTranslation *t, CcwCmdRequest *request, guint32 address)
{
    ccw_irb_program_check(request->irb, t->orb, address);
    return CCW_TRANSLATE_STATUS;
}

static void start(CcwTranslation *t, const CcwMemory *memory, const guint8 *orb)
{
    guint32 flags = ccw_load_be32(orb + CCW_ORB_OFS_FLAGS);

    t->memory = memory;
    memcpy(t->orb, orb, CCW_ORB_SIZE);
    t->format1 = flags & CCW_ORB_FORMAT1 ? TRUE : FALSE;
    t->idaw64 = flags & CCW_ORB_C64 ? TRUE : FALSE;
    t->block = t->idaw64 && !(flags & CCW_ORB_T2K) ? 4096 : 2048;
}

CcwTranslateResult ccw_translate(CcwTranslation *translation, const CcwMemory *memory, const guint8 orb[CCW_ORB_SIZE],
                                 const guint8 scsw[CCW_SCSW_SIZE], CcwCmdRequest *request)
{
    CcwTranslation *t = translation;
    guint32 cpa = ccw_load_be32(orb + CCW_ORB_OFS_CPA);
    guint32 address = 0;

    start(t, memory, orb);
    memset(request, 0, sizeof(*request));
    request->argsz = sizeof(*request);
    memcpy(request->orb, orb, CCW_ORB_SIZE);
    memcpy(request->scsw, scsw, CCW_SCSW_SIZE);

    if (cpa & (CCW_CDA_RESERVED | (CCW_SIZE - 1)))
        return program_check(t, request, cpa);
    /* A NOOP between two runs must not be what a CCW of the guest finds no place for. */
    if (!fetch_program(t, cpa, TRUE, &address) && !fetch_program(t, cpa, FALSE, &address))
        return program_check(t, request, address);
    if (t->suspends)
        return CCW_TRANSLATE_UNSUPPORTED;
    if (t->program.ccw[0][CCW_OFS_CMD] == 0)
        return program_check(t, request, t->guest[0]);

    resolve_tics(t);
    ccw_store_be32(request->orb + CCW_ORB_OFS_FLAGS, ccw_load_be32(orb + CCW_ORB_OFS_FLAGS) | CCW_ORB_FORMAT1);
    ccw_store_be32(request->orb + CCW_ORB_OFS_CPA, 0);
    request->ccw_count = t->count;
    request->program = (guint64)(guintptr)&t->program;
    return CCW_TRANSLATED;
}

void ccw_translation_map_irb(const CcwTranslation *translation, guint8 irb[CCW_IRB_SIZE])
{
    guint32 offset = ccw_load_be32(irb + CCW_SCSW_OFS_CPA);
    guint32 cpa = ccw_load_be32(translation->orb + CCW_ORB_OFS_CPA);
    guint16 flags = ccw_load_be16(irb + CCW_SCSW_OFS_FLAGS);

    /* 0: no CCW was reached. What is beyond the program cannot be: it is shown as the program's last CCW. */
    if (offset / CCW_SIZE > 0 && translation->count > 0)
        cpa = translation->guest[MIN(offset / CCW_SIZE, translation->count) - 1] + CCW_SIZE;
    ccw_store_be32(irb + CCW_SCSW_OFS_CPA, cpa);
    if (!translation->format1)
        ccw_store_be16(irb + CCW_SCSW_OFS_FLAGS, flags & ~CCW_SCSW_FLAG_F);
}
