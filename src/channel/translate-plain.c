/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plain CCWs of a program, which are most of them, without the detours of the others: one at a time on every
 * machine, and by blocks where translate-vector.c has vectors for it. A CCW that is not plain, for whatever reason,
 * is left to translate.c; nothing is decided here that is not decided there in the same way.
 */
#include "channel/translate-private.h"

#include <string.h>

/* The flags of a plain CCW (SLI and PCI do not matter), and the high bit of its address. */
#define PLAIN_MASK ((guint64)(guint8) ~(CCW_FLAG_SLI | CCW_FLAG_PCI) << 48 | CCW_CDA_RESERVED)
#define PLAIN_VALUE ((guint64)CCW_FLAG_CC << 48)

/* TRUE for commands with data that are no search; those that read backward and NOOP are apart. */
static inline gboolean is_plain_command(guint8 cmd)
{
    return (cmd & 0x07) > 0x01 && (cmd & 0x0f) != 0x0c && cmd != CCW_CMD_NOOP;
}

/* Where the data of a CCW is if the CCW is plain, else NULL. */
static inline guint8 *find_plain_data(const CcwPlainView *view, guint64 ccw)
{
    guint8 cmd = (guint8)(ccw >> 56);
    const CcwWindow *data = ccw_cmd_is_input(cmd) ? view->store : view->fetch;
    guint64 offset = (guint32)ccw - data->address, count = ccw >> 32 & 0xffff;

    /* An address below the window's gives an offset beyond every size. */
    if ((ccw & PLAIN_MASK) != PLAIN_VALUE || count == 0 || offset > data->ccw_size || count > data->ccw_size - offset ||
        !is_plain_command(cmd))
        return NULL;
    return data->host + offset;
}

/* Takes CCWs of a view from CCW `done` on, and returns how many there are then. */
static guint take_singly(CcwTranslation *t, const CcwPlainView *view, guint done)
{
    for (; done < view->n; done++) {
        guint index = t->count + done;
        guint64 raw = ccw_read_raw(view->raw + done), ccw = GUINT64_FROM_BE(raw);
        guint8 *host;

        ccw = t->format1 ? ccw : ccw_format1_of_0(ccw);
        host = find_plain_data(view, ccw);
        if (!host) {
            t->ahead.first = index;
            t->ahead.n = 1;
            t->ahead.plain = 0;
            t->ahead.raw[0] = raw;
            break;
        }
        ccw_store_be64(t->program.ccw[index], (ccw & ~(guint64)G_MAXUINT32) | ccw_cda_offset(index));
        t->program.cda[index] = (guint64)(guintptr)host;
    }
    return done;
}

/* The plain ones among what was read ahead that follow one another from the CCW at hand on: they have their places. */
static guint count_ahead(const CcwTranslation *t)
{
    const CcwAhead *ahead = &t->ahead;

    return ccw_ahead_has(ahead, t->count) ? (guint)__builtin_ctz(~(ahead->plain >> (t->count - ahead->first))) : 0;
}

/* FALSE if there is no CCW at an address. */
static gboolean look_around(CcwTranslation *t, guint32 address, CcwPlainView *ret_view)
{
    const CcwWindow *fetch = &t->windows[0], *store = &t->windows[1];
    const guint8 *host = ccw_translation_map(t, address, CCW_SIZE, FALSE);

    if (!host || address - fetch->address >= fetch->ccw_size)
        return FALSE;
    /* Most data lie in the same piece as the CCWs. */
    ccw_translation_map(t, address, CCW_SIZE, TRUE);
    ret_view->raw = (const guint64 *)(const void *)host;
    ret_view->n = (guint)MIN((fetch->address + fetch->ccw_size - address) / CCW_SIZE, CCW_PROGRAM_MAX - t->count);
    ret_view->fetch = fetch;
    ret_view->store = store;
    return TRUE;
}

guint ccw_translate_plain(CcwTranslation *t, guint32 address)
{
    guint start = t->count, n = count_ahead(t);
    CcwPlainView view;

    t->count += n;
    if (t->plain_way != CCW_PLAIN_NOT && !ccw_ahead_has(&t->ahead, t->count) &&
        look_around(t, address + n * CCW_SIZE, &view)) {
        n = t->take_blocks ? t->take_blocks(t, &view) : 0;
        if (!ccw_ahead_has(&t->ahead, t->count + n))
            n = take_singly(t, &view, n);
        t->count += n;
        t->count += count_ahead(t);
    }
    memset(t->ways + start, CCW_AS_COMMAND, t->count - start);
    return t->count - start;
}

gboolean ccw_translate_plain_choose(CcwTranslation *t, CcwPlainWay way)
{
    CcwTakeBlocks take_blocks = way > CCW_PLAIN_SINGLY ? ccw_translate_vector(way) : NULL;

    if (way > CCW_PLAIN_SINGLY && !take_blocks)
        return FALSE;
    t->plain_way = way;
    t->take_blocks = take_blocks;
    return TRUE;
}
