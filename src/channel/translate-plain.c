/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates the plain CCWs of a program fast, which are most of them: one at a time on every machine, and by blocks
 * where translate-vector.c has vectors for it. translate-chain.c translates the others, and would translate the plain
 * ones to the same.
 */
#include "channel/translate-private.h"

#include <string.h>

/* The flags of a plain CCW, where SLI and PCI have any value, and the high bit of its address. */
#define PLAIN_MASK ((guint64)(guint8) ~(CCW_FLAG_SLI | CCW_FLAG_PCI) << 48 | CCW_CDA_RESERVED)
#define PLAIN_VALUE ((guint64)CCW_FLAG_CC << 48)

/* Returns: whether the command transfers data and is no search; FALSE for NOOP and those that read backward. */
static inline gboolean is_plain_command(guint8 cmd)
{
    return (cmd & 0x07) > 0x01 && (cmd & 0x0f) != 0x0c && cmd != CCW_CMD_NOOP;
}

/* Returns: the data of a CCW in this process, or NULL if the CCW is not plain. */
static inline guint8 *find_plain_data(const ChannelPlainView *view, guint64 ccw)
{
    guint8 cmd = (guint8)(ccw >> 56);
    const ChannelWindow *data = channel_cmd_is_input(cmd) ? view->store : view->fetch;
    guint64 offset = (guint32)ccw - data->address, count = ccw >> 32 & 0xffff;

    /* The offset wraps for an address below the window, and is then larger than every size. */
    if ((ccw & PLAIN_MASK) != PLAIN_VALUE || count == 0 || offset > data->ccw_size || count > data->ccw_size - offset ||
        !is_plain_command(cmd))
        return NULL;
    return data->host + offset;
}

/* Translates CCWs of a view from CCW number done on. Returns: the number of CCWs translated so far. */
static guint translate_scalar(ChannelTranslation *t, const ChannelPlainView *view, guint done)
{
    for (; done < view->n; done++) {
        guint index = t->count + done;
        guint64 raw = channel_read_raw(view->raw + done), ccw = GUINT64_FROM_BE(raw);
        guint8 *host;

        ccw = t->is_format1 ? ccw : channel_format1_of_0(ccw);
        host = find_plain_data(view, ccw);
        if (!host) {
            t->read_ahead.first = index;
            t->read_ahead.n = 1;
            t->read_ahead.plain = 0;
            t->read_ahead.raw[0] = raw;
            break;
        }
        ccw_store_be64(t->program.ccw[index], (ccw & ~(guint64)G_MAXUINT32) | channel_cda_offset(index));
        t->program.cda[index] = (guint64)(guintptr)host;
    }
    return done;
}

/* Returns: the number of plain CCWs in t->read_ahead from the current CCW on. They are in the program already. */
static guint count_read_ahead(const ChannelTranslation *t)
{
    const ChannelReadAhead *ahead = &t->read_ahead;

    return channel_read_ahead_has(ahead, t->count) ? (guint)__builtin_ctz(~(ahead->plain >> (t->count - ahead->first)))
                                                   : 0;
}

/* Finds the CCWs from an address on. Returns: FALSE if there is no CCW. */
static gboolean find_view(ChannelTranslation *t, guint32 address, ChannelPlainView *ret_view)
{
    const ChannelWindow *fetch = &t->windows[0], *store = &t->windows[1];
    const guint8 *host = channel_translation_map(t, address, CCW_SIZE, FALSE);

    if (!host || address - fetch->address >= fetch->ccw_size)
        return FALSE;
    /* Most data lies in the same piece of storage as the CCWs. */
    channel_translation_map(t, address, CCW_SIZE, TRUE);
    ret_view->raw = (const guint64 *)(const void *)host;
    ret_view->n = (guint)MIN((fetch->address + fetch->ccw_size - address) / CCW_SIZE, CHANNEL_PROGRAM_MAX - t->count);
    ret_view->fetch = fetch;
    ret_view->store = store;
    return TRUE;
}

guint channel_translate_plain(ChannelTranslation *t, guint32 address)
{
    guint start = t->count, n = count_read_ahead(t);
    ChannelPlainView view;

    t->count += n;
    if (t->plain_mode != CHANNEL_PLAIN_OFF && !channel_read_ahead_has(&t->read_ahead, t->count) &&
        find_view(t, address + n * CCW_SIZE, &view)) {
        n = t->translate_blocks ? t->translate_blocks(t, &view) : 0;
        if (!channel_read_ahead_has(&t->read_ahead, t->count + n))
            n = translate_scalar(t, &view, n);
        t->count += n;
        t->count += count_read_ahead(t);
    }
    memset(t->roles + start, CHANNEL_ROLE_COMMAND, t->count - start);
    return t->count - start;
}

gboolean channel_translate_plain_set_mode(ChannelTranslation *t, ChannelPlainMode mode)
{
    ChannelTranslateBlocks translate_blocks = mode > CHANNEL_PLAIN_SCALAR ? channel_translate_vector(mode) : NULL;

    if (mode > CHANNEL_PLAIN_SCALAR && !translate_blocks)
        return FALSE;
    t->plain_mode = mode;
    t->translate_blocks = translate_blocks;
    return TRUE;
}
