/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The chain half of the translation: runs of CCWs, TICs, and the way back from the program to the guest's addresses.
 * What a CCW's data address means is translate-data.c. Principles of Operation, chapter 15, "Channel-Command Word"
 * and "Chaining"; chapter 16, "Program Check".
 */
#include "channel/translate.h"

#include <string.h>

#include "channel/irb.h"
#include "channel/translate-private.h"
#include "util/endian.h"

#define CCW_CHAINS (CCW_FLAG_CC | CCW_FLAG_CD)

/* Where a run stands while it is fetched: the ways to the CCW at hand, and the ways found so far to the one behind. */
typedef struct {
    guint8 here;
    guint8 next;
    gboolean ended; /* the last CCW was the end of a chain */
} ChainState;

CcwTranslation *ccw_translation_new(void)
{
    /* Vectors of a cache line's size are stored into the program. */
    CcwTranslation *t = g_aligned_alloc0(1, sizeof(CcwTranslation), CCW_PROGRAM_SIZE);

    for (guint i = 0; i < CCW_PROGRAM_MAX; i++)
        t->cda_fields[i] = GUINT64_TO_BE(ccw_cda_offset(i));
    for (CcwPlainWay way = CCW_PLAIN_AVX512; !ccw_translate_plain_choose(t, way);)
        way--;
    return t;
}

void ccw_translation_free(CcwTranslation *translation)
{
    g_aligned_free(translation);
}

static CcwFields decode_ccw1(guint64 raw)
{
    return (CcwFields){
        .cmd = (guint8)(raw >> 56),
        .flags = (guint8)(raw >> 48),
        .count = (guint16)(raw >> 32),
        .cda = (guint32)raw,
    };
}

/* A format-0 TIC is told by four bits, and its flags and count mean nothing. */
static CcwFields decode_ccw0(guint64 raw)
{
    CcwFields ccw = decode_ccw1(ccw_format1_of_0(raw));

    return (ccw.cmd & 0x0f) == CCW_CMD_TIC ? (CcwFields){ .cmd = CCW_CMD_TIC, .cda = ccw.cda } : ccw;
}

static guint8 *map_ccw(CcwTranslation *t, guint64 address)
{
    return address + CCW_SIZE <= ccw_translation_limit(t) ? ccw_translation_map(t, address, CCW_SIZE, FALSE) : NULL;
}

/* Reads CCW `index` from the guest, once: the copy is what counts from here on. */
static gboolean fetch_ccw(CcwTranslation *t, guint64 address, guint index, CcwFields *ret_ccw)
{
    guint64 raw;

    if (ccw_ahead_has(&t->ahead, index)) {
        raw = t->ahead.raw[index - t->ahead.first];
    } else {
        guint8 *host = map_ccw(t, address);

        if (!host)
            return FALSE;
        raw = ccw_read_raw(host);
    }
    raw = GUINT64_FROM_BE(raw);
    *ret_ccw = t->format1 ? decode_ccw1(raw) : decode_ccw0(raw);
    return TRUE;
}

static void store_ccw(CcwTranslation *t, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint64 raw = (guint64)cmd << 56 | (guint64)flags << 48 | (guint64)count << 32 | cda;

    ccw_store_be64(t->program.ccw[index], raw);
}

/* What the device finds in the place of a CCW that is not valid. Its count is the residual count then. */
static void store_invalid(CcwTranslation *t, guint index, guint16 count)
{
    store_ccw(t, index, 0, 0, count, ccw_cda_offset(index));
    t->program.cda[index] = 0;
}

/* The place in the program of the CCW at an address, if it was placed with these ways to it in mind. */
static gboolean find_ccw(const CcwTranslation *t, guint32 address, guint8 ways, guint *ret_index)
{
    for (guint i = 0; i < t->n_runs; i++) {
        const CcwRun *run = &t->runs[i];
        guint index = run->first + (address - run->address) / CCW_SIZE;

        if (address < run->address || address - run->address >= run->count * (guint32)CCW_SIZE)
            continue;
        if ((t->ways[index] & ways) == ways) {
            *ret_index = index;
            return TRUE;
        }
    }
    return FALSE;
}

static void queue_run(CcwTranslation *t, guint32 address, guint8 ways)
{
    for (guint i = 0; i < t->n_runs; i++) {
        if (t->runs[i].address == address && (t->runs[i].ways & ways) == ways)
            return;
    }
    /* A TIC has a place in the program, so there is one for its run. */
    g_assert(t->n_runs < G_N_ELEMENTS(t->runs));
    t->runs[t->n_runs++] = (CcwRun){ .address = address, .ways = ways };
}

/*
 * The first CCW of a program may not be a TIC (chapter 16: "Invalid Sequence"; the one that it is resumed with may),
 * and the target is a CCW in storage. If that is not so, the address in the status is the TIC's.
 */
static void place_tic(CcwTranslation *t, guint index, const CcwFields *ccw, guint8 ways)
{
    if ((index == 0 && !t->resumes) || ccw->flags || ccw->count || ccw->cda & (CCW_CDA_RESERVED | (CCW_SIZE - 1)) ||
        !map_ccw(t, ccw->cda)) {
        store_invalid(t, index, 0);
        return;
    }
    store_ccw(t, index, CCW_CMD_TIC, 0, 0, 0);
    t->ways[index] |= CCW_IS_TIC;
    t->tics[t->n_tics++] = (CcwTic){ .index = (guint16)index, .target = ccw->cda, .ways = ways };
    queue_run(t, ccw->cda, ways);
}

/*
 * The fields of a CCW that is no TIC, its addresses aside. Where it can be reached in several ways only what is wrong
 * in all of them is told here; the device looks again.
 */
static gboolean ccw_is_valid(CcwTranslation *t, const CcwFields *ccw, guint8 ways)
{
    /* Zero is a count when no data is chained, in format 1. */
    if (ccw->count == 0 && (!t->format1 || ccw->flags & CCW_FLAG_CD || !(ways & CCW_AS_COMMAND)))
        return FALSE;
    if (ccw->flags & CCW_FLAG_MIDA || ccw->cda & CCW_CDA_RESERVED)
        return FALSE;
    /* "Invalid Suspend Flag": data chaining does not suspend, and the ORB has to allow it. */
    if (ccw->flags & CCW_FLAG_SUSPEND && !(t->may_suspend && ways & CCW_AS_COMMAND))
        return FALSE;
    /* Commands xxxx0000 and, other than TIC, xxxx1000 are invalid; that of a data-chained CCW is not looked at. */
    return ways != CCW_AS_COMMAND || ccw->cmd & 0x07;
}

/* The ways that lead on from a CCW. Of the commands only those that search may end with status modifier. */
static void chain_on(ChainState *state, const CcwFields *ccw, guint8 ways)
{
    gboolean searches = ways & CCW_AS_SEARCH || (ways & CCW_AS_COMMAND && (ccw->cmd & 0x07) == 0x01);

    /* As a command it is not executed before the program is resumed, and fetched again then. */
    if (ccw->flags & CCW_FLAG_SUSPEND)
        ways &= ~CCW_AS_COMMAND;
    if (!ways) {
        state->ended = TRUE;
        return;
    }
    state->ended = !(ccw->flags & CCW_CHAINS);
    if (ccw->flags & CCW_FLAG_CD) {
        state->here |= ways & ~CCW_AS_COMMAND;
        if (ways & CCW_AS_COMMAND)
            state->here |= ccw_cmd_is_input(ccw->cmd) ? CCW_AS_INPUT : searches ? CCW_AS_SEARCH : CCW_AS_OUTPUT;
    } else if (ccw->flags & CCW_FLAG_CC) {
        state->here |= CCW_AS_COMMAND;
        if (searches)
            state->next = CCW_AS_COMMAND;
    }
}

static guint8 place_data(CcwTranslation *t, guint index, const CcwFields *ccw, guint8 ways, guint8 *flags)
{
    gboolean input = ccw_cmd_is_input(ccw->cmd);
    gboolean stores = ways & CCW_AS_INPUT || (ways & CCW_AS_COMMAND && input);
    gboolean fetches = ways & (CCW_AS_OUTPUT | CCW_AS_SEARCH) || (ways & CCW_AS_COMMAND && !input);

    if (ways == CCW_AS_COMMAND) {
        /* No device here reads backward: it rejects the command, and is not shown storage that runs downwards. */
        if ((ccw->cmd & 0x0f) == 0x0c)
            *flags |= CCW_FLAG_SKIP;
        if (ccw->cmd == CCW_CMD_NOOP) {
            *flags &= ~CCW_FLAG_IDA;
            t->program.cda[index] = 0;
            return 0;
        }
    }
    return ccw_translate_data(t, index, ccw, stores, fetches, flags);
}

static void place_ccw(CcwTranslation *t, guint32 address, ChainState *state)
{
    guint8 ways = state->here, flags;
    guint index = t->count++;
    CcwFields ccw = { 0 };
    gboolean fetched = fetch_ccw(t, address, index, &ccw);

    *state = (ChainState){ .here = state->next };
    t->ways[index] = ways;
    if (!fetched) {
        store_invalid(t, index, 0);
        return;
    }
    if (ccw.cmd == CCW_CMD_TIC) {
        place_tic(t, index, &ccw, ways);
        return;
    }
    flags = ccw.flags;
    /* An address that is none is one thing for a NOOP, and another for data that goes on: the device tells them apart.
     */
    if (!ccw_is_valid(t, &ccw, ways) || (place_data(t, index, &ccw, ways, &flags) && !(ways & (ways - 1)))) {
        store_invalid(t, index, ccw.count);
        return;
    }
    store_ccw(t, index, ccw.cmd, flags, ccw.count, ccw_cda_offset(index));
    chain_on(state, &ccw, ways);
}

static void place_noop(CcwTranslation *t)
{
    guint index = t->count++;

    store_ccw(t, index, CCW_CMD_NOOP, CCW_FLAG_SLI, 0, ccw_cda_offset(index));
    t->program.cda[index] = 0;
    t->ways[index] = 0;
}

/* FALSE when a CCW finds no place; *ret_address is then its address in the guest. */
static gboolean fetch_run(CcwTranslation *t, CcwRun *run, gboolean pad, guint32 *ret_address)
{
    ChainState state = { .here = run->ways };

    run->first = (guint16)t->count;
    t->ahead.n = 0;
    while (state.here || state.next) {
        guint32 address = run->address + (t->count - run->first) * CCW_SIZE;

        if (state.here == CCW_AS_COMMAND && !state.next)
            address += ccw_translate_plain(t, address) * CCW_SIZE;
        if (t->count == CCW_PROGRAM_MAX) {
            *ret_address = address;
            return FALSE;
        }
        place_ccw(t, address, &state);
        run->count = (guint16)(t->count - run->first);
    }
    if (state.ended && pad && t->count < CCW_PROGRAM_MAX)
        place_noop(t);
    return TRUE;
}

static gboolean fetch_program(CcwTranslation *t, guint32 cpa, gboolean pad, guint32 *ret_address)
{
    guint index;

    t->count = 0;
    t->n_runs = 0;
    t->n_tics = 0;
    t->n_protected = 0;
    queue_run(t, cpa, CCW_AS_COMMAND);
    for (guint i = 0; i < t->n_runs; i++) {
        if (find_ccw(t, t->runs[i].address, t->runs[i].ways, &index))
            continue;
        if (!fetch_run(t, &t->runs[i], pad, ret_address))
            return FALSE;
    }
    return TRUE;
}

/* Now that every target has a place: TIC addresses become offsets. A TIC to a TIC is a program check at the second. */
static void resolve_tics(CcwTranslation *t)
{
    for (guint i = 0; i < t->n_tics; i++) {
        CcwTic *tic = &t->tics[i];
        guint target = 0;
        gboolean found = find_ccw(t, tic->target, tic->ways, &target);

        g_assert(found);
        tic->to_tic = t->ways[target] & CCW_IS_TIC ? TRUE : FALSE;
        if (tic->to_tic)
            store_invalid(t, tic->index, 0);
        else
            store_ccw(t, tic->index, CCW_CMD_TIC, 0, 0, target * CCW_SIZE);
    }
}

static gboolean is_protected(const CcwTranslation *t, guint index)
{
    for (guint i = 0; i < t->n_protected; i++) {
        if (t->protected[i] == index)
            return TRUE;
    }
    return FALSE;
}

/* Where CCW `index` came from; a NOOP that was added stands for the CCW before it. */
static guint32 guest_address(const CcwTranslation *t, guint index)
{
    for (guint i = 0; i < t->n_tics; i++) {
        if (t->tics[i].index == index && t->tics[i].to_tic)
            return t->tics[i].target;
    }
    for (guint i = 0; i < t->n_runs; i++) {
        const CcwRun *run = &t->runs[i];

        if (run->count && index >= run->first && index - run->first < run->count)
            return run->address + (index - run->first) * CCW_SIZE;
    }
    return index ? guest_address(t, index - 1) : ccw_load_be32(t->orb + CCW_ORB_OFS_CPA);
}

static CcwTranslateResult check(const CcwTranslation *t, CcwCmdRequest *request, guint32 address, guint8 cstat,
                                guint16 count)
{
    ccw_irb_check(request->irb, t->orb, address, cstat, count);
    return CCW_TRANSLATE_STATUS;
}

static void start(CcwTranslation *t, const CcwMemory *memory, const guint8 *orb, const guint8 *scsw)
{
    guint32 flags = ccw_load_be32(orb + CCW_ORB_OFS_FLAGS);

    memcpy(t->orb, orb, CCW_ORB_SIZE);
    t->format1 = flags & CCW_ORB_FORMAT1 ? TRUE : FALSE;
    t->idaw64 = flags & CCW_ORB_C64 ? TRUE : FALSE;
    t->may_suspend = flags & CCW_ORB_SUSPEND ? TRUE : FALSE;
    t->resumes = ccw_load_be16(scsw + CCW_SCSW_OFS_CTL) & CCW_SCSW_ACTL_RESUME_PENDING ? TRUE : FALSE;
    t->block = t->idaw64 && !(flags & CCW_ORB_T2K) ? 4096 : 2048;

    /* Storage begins at 0, and most guests have it in one piece: that is where to look first. */
    t->memory = memory;
    t->windows[0] = t->windows[1] = (CcwWindow){ 0 };
    ccw_translation_look_up(t, 0, 1, FALSE);
    ccw_translation_look_up(t, 0, 1, TRUE);
}

/* The device gets format-1 CCWs; what format 0 means besides (no incorrect length of immediate operations) is a bit. */
static void fill_request(CcwTranslation *t, CcwCmdRequest *request)
{
    guint32 flags = ccw_load_be32(t->orb + CCW_ORB_OFS_FLAGS) | CCW_ORB_FORMAT1;

    if (!t->format1)
        flags |= CCW_ORB_ILS;
    ccw_store_be32(request->orb + CCW_ORB_OFS_FLAGS, flags);
    ccw_store_be32(request->orb + CCW_ORB_OFS_CPA, 0);
    request->ccw_count = t->count;
    request->program = (guint64)(guintptr)&t->program;
}

CcwTranslateResult ccw_translate(CcwTranslation *translation, const CcwMemory *memory, const guint8 orb[CCW_ORB_SIZE],
                                 const guint8 scsw[CCW_SCSW_SIZE], CcwCmdRequest *request)
{
    static const guint8 no_irb[CCW_IRB_SIZE];
    CcwTranslation *t = translation;
    guint32 cpa = ccw_load_be32(orb + CCW_ORB_OFS_CPA);
    guint32 address = 0;

    start(t, memory, orb, scsw);
    request->argsz = sizeof(*request);
    memcpy(request->orb, orb, CCW_ORB_SIZE);
    memcpy(request->scsw, scsw, CCW_SCSW_SIZE);
    /* Clearing would be an instruction that takes longer to begin than copying takes. */
    memcpy(request->irb, no_irb, CCW_IRB_SIZE);
    request->ccw_count = 0;
    request->program = 0;

    /* Transport mode is no subchannel's here: an ORB that is not valid (chapter 16, "Invalid ORB Format"). */
    if (ccw_load_be32(orb + CCW_ORB_OFS_FLAGS) & CCW_ORB_TRANSPORT)
        return check(t, request, cpa, CCW_CSTAT_PROGRAM_CHECK, 0);
    if (cpa & (CCW_CDA_RESERVED | (CCW_SIZE - 1)))
        return check(t, request, cpa, CCW_CSTAT_PROGRAM_CHECK, 0);
    /* A NOOP between two runs must not be what a CCW of the guest finds no place for. */
    if (!fetch_program(t, cpa, TRUE, &address) && !fetch_program(t, cpa, FALSE, &address))
        return check(t, request, address, CCW_CSTAT_PROGRAM_CHECK, 0);
    if (t->program.ccw[0][CCW_OFS_CMD] == 0)
        return check(t, request, cpa, is_protected(t, 0) ? CCW_CSTAT_PROTECTION_CHECK : CCW_CSTAT_PROGRAM_CHECK,
                     ccw_load_be16(t->program.ccw[0] + CCW_OFS_COUNT));
    resolve_tics(t);
    fill_request(t, request);
    return CCW_TRANSLATED;
}

void ccw_translation_map_irb(const CcwTranslation *translation, guint8 irb[CCW_IRB_SIZE])
{
    const CcwTranslation *t = translation;
    guint32 number = ccw_load_be32(irb + CCW_SCSW_OFS_CPA) / CCW_SIZE;
    guint32 cpa = ccw_load_be32(t->orb + CCW_ORB_OFS_CPA);
    guint16 flags = ccw_load_be16(irb + CCW_SCSW_OFS_FLAGS);

    /* 0: no CCW was reached. What is beyond the program cannot be: it is shown as the program's last CCW. */
    number = MIN(number, t->count);
    if (number > 0) {
        cpa = guest_address(t, number - 1) + CCW_SIZE;
        if (irb[CCW_SCSW_OFS_CSTAT] & CCW_CSTAT_PROGRAM_CHECK && is_protected(t, number - 1))
            irb[CCW_SCSW_OFS_CSTAT] ^= CCW_CSTAT_PROGRAM_CHECK | CCW_CSTAT_PROTECTION_CHECK;
    }
    ccw_store_be32(irb + CCW_SCSW_OFS_CPA, cpa);
    if (!t->format1)
        ccw_store_be16(irb + CCW_SCSW_OFS_FLAGS, flags & ~CCW_SCSW_FLAG_F);
}
