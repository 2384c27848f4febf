/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates the CCWs of a program: finds its segments, checks the CCWs, and connects the TICs. translate-data.c
 * translates the data address of a CCW. Principles of Operation, chapter 15, "Channel-Command Word" and "Chaining";
 * chapter 16, "Program Check".
 */
#include "channel/translate-private.h"

#include "util/endian.h"

#define CHANNEL_CHAINS (CCW_FLAG_CC | CCW_FLAG_CD)

/* The state of a segment while it is translated. */
typedef struct {
    guint8 here;        /* roles of the current CCW */
    guint8 next;        /* roles of the CCW after it, as far as they are known */
    gboolean has_ended; /* the last CCW was the end of a chain */
} ChainState;

static ChannelFields decode_ccw1(guint64 raw)
{
    return (ChannelFields){
        .cmd = (guint8)(raw >> 56),
        .flags = (guint8)(raw >> 48),
        .count = (guint16)(raw >> 32),
        .cda = (guint32)raw,
    };
}

/* Four bits of the command make a format-0 TIC. The channel ignores its flags and count. */
static ChannelFields decode_ccw0(guint64 raw)
{
    ChannelFields ccw = decode_ccw1(channel_format1_of_0(raw));

    return (ccw.cmd & 0x0f) == CCW_CMD_TIC ? (ChannelFields){ .cmd = CCW_CMD_TIC, .cda = ccw.cda } : ccw;
}

static guint8 *map_ccw(ChannelTranslation *t, guint64 address)
{
    return address + CCW_SIZE <= channel_translation_limit(t) ? channel_translation_map(t, address, CCW_SIZE, FALSE)
                                                              : NULL;
}

/* Reads CCW index from the guest, once. All checks then use this copy. */
static gboolean fetch_ccw(ChannelTranslation *t, guint64 address, guint index, ChannelFields *ret_ccw)
{
    guint64 raw;

    if (channel_read_ahead_has(&t->read_ahead, index)) {
        raw = t->read_ahead.raw[index - t->read_ahead.first];
    } else {
        guint8 *host = map_ccw(t, address);

        if (!host)
            return FALSE;
        raw = channel_read_raw(host);
    }
    raw = GUINT64_FROM_BE(raw);
    *ret_ccw = t->is_format1 ? decode_ccw1(raw) : decode_ccw0(raw);
    return TRUE;
}

static void store_ccw(ChannelTranslation *t, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint64 raw = (guint64)cmd << 56 | (guint64)flags << 48 | (guint64)count << 32 | cda;

    ccw_store_be64(t->program.ccw[index], raw);
}

/* Stores an invalid command in place of an invalid CCW. The device then reports count as the residual count. */
static void store_invalid(ChannelTranslation *t, guint index, guint16 count)
{
    store_ccw(t, index, 0, 0, count, channel_cda_offset(index));
    t->program.cda[index] = 0;
}

/* Finds the CCW of an address in the program, if it was translated for at least these roles. */
static gboolean find_ccw(const ChannelTranslation *t, guint32 address, guint8 roles, guint *ret_index)
{
    for (guint i = 0; i < t->n_segments; i++) {
        const ChannelSegment *segment = &t->segments[i];
        guint index = segment->first + (address - segment->address) / CCW_SIZE;

        if (address < segment->address || address - segment->address >= segment->count * (guint32)CCW_SIZE)
            continue;
        if ((t->roles[index] & roles) == roles) {
            *ret_index = index;
            return TRUE;
        }
    }
    return FALSE;
}

static void queue_segment(ChannelTranslation *t, guint32 address, guint8 roles)
{
    for (guint i = 0; i < t->n_segments; i++) {
        if (t->segments[i].address == address && (t->segments[i].roles & roles) == roles)
            return;
    }
    /* Each segment but the first has a TIC in the program, so the array is large enough. */
    g_assert(t->n_segments < G_N_ELEMENTS(t->segments));
    t->segments[t->n_segments++] = (ChannelSegment){ .address = address, .roles = roles };
}

/*
 * The first CCW of a program must not be a TIC (chapter 16: "Invalid Sequence"), but the first CCW after a resume can
 * be. The target must be a CCW in storage. Otherwise the status has the address of the TIC.
 */
static void add_tic(ChannelTranslation *t, guint index, const ChannelFields *ccw, guint8 roles)
{
    if ((index == 0 && !t->is_resumed) || ccw->flags || ccw->count || ccw->cda & (CCW_CDA_RESERVED | (CCW_SIZE - 1)) ||
        !map_ccw(t, ccw->cda)) {
        store_invalid(t, index, 0);
        return;
    }
    store_ccw(t, index, CCW_CMD_TIC, 0, 0, 0);
    t->roles[index] |= CHANNEL_IS_TIC;
    t->tics[t->n_tics++] = (ChannelTic){ .index = (guint16)index, .target = ccw->cda, .roles = roles };
    queue_segment(t, ccw->cda, roles);
}

/*
 * Checks the fields of a CCW that is no TIC, except its address. A CCW with several roles is invalid here only if it is
 * invalid in all of them; the device checks it again.
 */
static gboolean ccw_is_valid(ChannelTranslation *t, const ChannelFields *ccw, guint8 roles)
{
    /* A count of zero is valid in format 1 without data chaining. */
    if (ccw->count == 0 && (!t->is_format1 || ccw->flags & CCW_FLAG_CD || !(roles & CHANNEL_ROLE_COMMAND)))
        return FALSE;
    if (ccw->flags & CCW_FLAG_MIDA || ccw->cda & CCW_CDA_RESERVED)
        return FALSE;
    /* "Invalid Suspend Flag": data chaining cannot suspend a program, and the ORB must allow it. */
    if (ccw->flags & CCW_FLAG_SUSPEND && !(t->can_suspend && roles & CHANNEL_ROLE_COMMAND))
        return FALSE;
    /* Commands xxxx0000 and, except TIC, xxxx1000 are invalid. Data chaining ignores the command. */
    return roles != CHANNEL_ROLE_COMMAND || ccw->cmd & 0x07;
}

/* Computes the roles of the next CCWs. Only the search commands can end with status modifier. */
static void follow_chain(ChainState *state, const ChannelFields *ccw, guint8 roles)
{
    gboolean searches = roles & CHANNEL_ROLE_SEARCH || (roles & CHANNEL_ROLE_COMMAND && (ccw->cmd & 0x07) == 0x01);

    /* The device executes a command with the suspend flag only after a resume, which fetches the command again. */
    if (ccw->flags & CCW_FLAG_SUSPEND)
        roles &= ~CHANNEL_ROLE_COMMAND;
    if (!roles) {
        state->has_ended = TRUE;
        return;
    }
    state->has_ended = !(ccw->flags & CHANNEL_CHAINS);
    if (ccw->flags & CCW_FLAG_CD) {
        state->here |= roles & ~CHANNEL_ROLE_COMMAND;
        if (roles & CHANNEL_ROLE_COMMAND)
            state->here |= channel_cmd_is_input(ccw->cmd) ? CHANNEL_ROLE_INPUT
                           : searches                     ? CHANNEL_ROLE_SEARCH
                                                          : CHANNEL_ROLE_OUTPUT;
    } else if (ccw->flags & CCW_FLAG_CC) {
        state->here |= CHANNEL_ROLE_COMMAND;
        if (searches)
            state->next = CHANNEL_ROLE_COMMAND;
    }
}

static guint8 add_data(ChannelTranslation *t, guint index, const ChannelFields *ccw, guint8 roles, guint8 *flags)
{
    gboolean input = channel_cmd_is_input(ccw->cmd);
    gboolean stores = roles & CHANNEL_ROLE_INPUT || (roles & CHANNEL_ROLE_COMMAND && input);
    gboolean fetches = roles & (CHANNEL_ROLE_OUTPUT | CHANNEL_ROLE_SEARCH) || (roles & CHANNEL_ROLE_COMMAND && !input);

    if (roles == CHANNEL_ROLE_COMMAND) {
        /* No device here reads backward. It rejects the command, so the address needs no translation downwards. */
        if ((ccw->cmd & 0x0f) == 0x0c)
            *flags |= CCW_FLAG_SKIP;
        if (ccw->cmd == CCW_CMD_NOOP) {
            *flags &= ~CCW_FLAG_IDA;
            t->program.cda[index] = 0;
            return 0;
        }
    }
    return channel_translate_data(t, index, ccw, stores, fetches, flags);
}

static void add_ccw(ChannelTranslation *t, guint32 address, ChainState *state)
{
    guint8 roles = state->here, flags;
    guint index = t->count++;
    ChannelFields ccw = { 0 };
    gboolean fetched = fetch_ccw(t, address, index, &ccw);

    *state = (ChainState){ .here = state->next };
    t->roles[index] = roles;
    if (!fetched) {
        store_invalid(t, index, 0);
        return;
    }
    if (ccw.cmd == CCW_CMD_TIC) {
        add_tic(t, index, &ccw, roles);
        return;
    }
    flags = ccw.flags;
    /* A CCW with several roles can have a bad address and be valid, as a NOOP is. The device decides that. */
    if (!ccw_is_valid(t, &ccw, roles) || (add_data(t, index, &ccw, roles, &flags) && !(roles & (roles - 1)))) {
        store_invalid(t, index, ccw.count);
        return;
    }
    store_ccw(t, index, ccw.cmd, flags, ccw.count, channel_cda_offset(index));
    follow_chain(state, &ccw, roles);
}

static void add_noop(ChannelTranslation *t)
{
    guint index = t->count++;

    store_ccw(t, index, CCW_CMD_NOOP, CCW_FLAG_SLI, 0, channel_cda_offset(index));
    t->program.cda[index] = 0;
    t->roles[index] = 0;
}

/* Returns: FALSE if the program is full; *ret_address is then the guest's address of the CCW that did not fit. */
static gboolean translate_segment(ChannelTranslation *t, ChannelSegment *segment, gboolean add_noops,
                                  guint32 *ret_address)
{
    ChainState state = { .here = segment->roles };

    segment->first = (guint16)t->count;
    t->read_ahead.n = 0;
    while (state.here || state.next) {
        guint32 address = segment->address + (t->count - segment->first) * CCW_SIZE;

        if (state.here == CHANNEL_ROLE_COMMAND && !state.next)
            address += channel_translate_plain(t, address) * CCW_SIZE;
        if (t->count == CHANNEL_PROGRAM_MAX) {
            *ret_address = address;
            return FALSE;
        }
        add_ccw(t, address, &state);
        segment->count = (guint16)(t->count - segment->first);
    }
    if (state.has_ended && add_noops && t->count < CHANNEL_PROGRAM_MAX)
        add_noop(t);
    return TRUE;
}

gboolean channel_translate_chain(ChannelTranslation *t, guint32 cpa, gboolean add_noops, guint32 *ret_address)
{
    guint index;

    t->count = 0;
    t->n_segments = 0;
    t->n_tics = 0;
    t->n_protected = 0;
    queue_segment(t, cpa, CHANNEL_ROLE_COMMAND);
    for (guint i = 0; i < t->n_segments; i++) {
        if (find_ccw(t, t->segments[i].address, t->segments[i].roles, &index))
            continue;
        if (!translate_segment(t, &t->segments[i], add_noops, ret_address))
            return FALSE;
    }
    return TRUE;
}

void channel_translate_tics(ChannelTranslation *t)
{
    for (guint i = 0; i < t->n_tics; i++) {
        ChannelTic *tic = &t->tics[i];
        guint target = 0;
        gboolean found = find_ccw(t, tic->target, tic->roles, &target);

        g_assert(found);
        tic->is_to_tic = t->roles[target] & CHANNEL_IS_TIC ? TRUE : FALSE;
        if (tic->is_to_tic)
            store_invalid(t, tic->index, 0);
        else
            store_ccw(t, tic->index, CCW_CMD_TIC, 0, 0, target * CCW_SIZE);
    }
}
