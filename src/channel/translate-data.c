/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The data half of the translation: where the bytes of one CCW are in this process. Principles of Operation, chapter
 * 15, "CCW Indirect Data Addressing"; chapter 16, "Program Check" and "Protection Check". Which CCW comes after which
 * is translate.c.
 */
#include "channel/translate-private.h"

#include "util/endian.h"

#define IDAW31_RESERVED 0x80000000u

guint8 *ccw_translation_look_up(CcwTranslation *t, guint64 address, gsize length, gboolean write)
{
    const guint64 limit = ccw_translation_limit(t);
    CcwWindow *window = &t->windows[write ? 1 : 0];
    gsize size = 0;
    guint8 *host = t->memory->map(t->memory->opaque, address, G_MAXSSIZE, write, &size);

    if (!host || size < length)
        return NULL;
    window->address = address;
    window->size = size;
    window->ccw_size = address < limit ? MIN(size, limit - address) : 0;
    window->host = host;
    return host;
}

/* Bytes from address to the end of its block. */
static guint room_in_block(const CcwTranslation *t, guint64 address)
{
    return t->block - (guint)(address & (t->block - 1));
}

/* A list of IDAWs in the guest. What of it lies in the window at its first entry is not looked up again. */
typedef struct {
    guint64 address;
    guint size; /* of an entry */
    guint near; /* entries that are at `host` */
    const guint8 *host;
} IdawList;

static IdawList open_list(CcwTranslation *t, guint32 address)
{
    IdawList list = { .address = address, .size = t->idaw64 ? sizeof(guint64) : sizeof(guint32) };
    const CcwWindow *window = &t->windows[0];
    guint64 room = ccw_translation_limit(t) - address;

    if (address % list.size || !ccw_translation_map(t, address, list.size, FALSE))
        return list;
    room = MIN(room, window->size - (address - window->address));
    list.near = (guint)(MIN(room, sizeof(t->idaws[0])) / list.size);
    list.host = window->host + (address - window->address);
    return list;
}

/* Reads entry n of the list, once. */
static gboolean fetch_idaw(CcwTranslation *t, const IdawList *list, guint n, guint64 *ret_idaw)
{
    guint64 address = list->address + (guint64)n * list->size;
    const guint8 *host;

    if (n < list->near) {
        host = list->host + n * list->size;
    } else {
        if (address % list->size || address + list->size > ccw_translation_limit(t))
            return FALSE;
        host = ccw_translation_map(t, address, list->size, FALSE);
        if (!host)
            return FALSE;
    }
    if (t->idaw64) {
        *ret_idaw = GUINT64_FROM_BE(__atomic_load_n((const guint64 *)(const void *)host, __ATOMIC_RELAXED));
        return TRUE;
    }
    *ret_idaw = GUINT32_FROM_BE(__atomic_load_n((const guint32 *)(const void *)host, __ATOMIC_RELAXED));
    return !(*ret_idaw & IDAW31_RESERVED);
}

/* Why bytes that could not be mapped could not. */
static guint8 why_not(CcwTranslation *t, guint64 address, guint length, gboolean stores)
{
    return stores && ccw_translation_map(t, address, length, FALSE) ? CCW_CSTAT_PROTECTION_CHECK
                                                                    : CCW_CSTAT_PROGRAM_CHECK;
}

/*
 * Block `n` of the data: its address is that of direct data that goes on, or the guest's IDAW. Returns the bytes that
 * the CCW may have there, 0 with *ret_cstat if there are none.
 */
static guint place_block(CcwTranslation *t, guint index, guint n, guint64 address, guint left, gboolean stores,
                         guint8 *ret_cstat)
{
    guint length = MIN(left, room_in_block(t, address));
    guint8 *host = ccw_translation_map(t, address, length, stores);

    if (G_UNLIKELY(!host)) {
        *ret_cstat = why_not(t, address, length, stores);
        return 0;
    }
    t->idaws[index][n] = (guint64)(guintptr)host;
    return length;
}

/* Direct data that does not lie in one piece of host memory becomes a list. */
static guint8 scatter(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean stores, guint *ret_n)
{
    guint8 cstat = CCW_CSTAT_PROGRAM_CHECK;
    guint64 address = ccw->cda;
    guint left = ccw->count, n;

    for (n = 0; left; n++) {
        guint length = 0;

        if (address < ccw_translation_limit(t))
            length = place_block(t, index, n, address, left, stores, &cstat);
        if (!length)
            break;
        address += length;
        left -= length;
    }
    *ret_n = n;
    return left ? cstat : 0;
}

static guint8 gather(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean stores, guint *ret_n)
{
    const IdawList list = open_list(t, ccw->cda);
    guint8 cstat = CCW_CSTAT_PROGRAM_CHECK;
    guint left = ccw->count, n;

    for (n = 0; left; n++) {
        guint64 address = 0;
        guint length = 0;

        if (fetch_idaw(t, &list, n, &address) && (n == 0 || (address & (t->block - 1)) == 0))
            length = place_block(t, index, n, address, left, stores, &cstat);
        if (!length)
            break;
        left -= length;
    }
    *ret_n = n;
    return left ? cstat : 0;
}

guint8 ccw_translate_data(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean stores, gboolean fetches,
                          guint8 *flags)
{
    guint8 *host = NULL, cstat;
    guint n = 0;

    t->program.cda[index] = 0;
    /* Nothing is transferred: the address need not be one. Fetching does not skip. */
    if (ccw->count == 0 || (*flags & CCW_FLAG_SKIP && !fetches)) {
        *flags &= ~CCW_FLAG_IDA;
        return 0;
    }
    if (!(*flags & CCW_FLAG_IDA)) {
        if (ccw->cda + (guint64)ccw->count <= ccw_translation_limit(t))
            host = ccw_translation_map(t, ccw->cda, ccw->count, stores);
        t->program.cda[index] = (guint64)(guintptr)host;
        if (G_LIKELY(host))
            return 0;
        *flags |= CCW_FLAG_IDA;
        cstat = scatter(t, index, ccw, stores, &n);
    } else {
        cstat = gather(t, index, ccw, stores, &n);
    }
    if (cstat == CCW_CSTAT_PROTECTION_CHECK)
        t->protected[t->n_protected++] = (guint16)index;
    if (cstat && n == 0)
        return cstat;
    /* What is wrong further on is met when the device gets there. */
    if (cstat)
        t->idaws[index][n] = 0;
    t->program.cda[index] = (guint64)(guintptr)t->idaws[index];
    return 0;
}
