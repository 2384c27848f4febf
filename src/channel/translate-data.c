/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translates the data address of one CCW to addresses in this process; translate-chain.c translates the rest of it.
 * Principles of Operation, chapter 15, "CCW Indirect Data Addressing"; chapter 16, "Program Check" and "Protection
 * Check".
 */
#include "channel/translate-private.h"

#include "util/endian.h"

#define IDAW31_RESERVED 0x80000000u

guint8 *channel_translation_map_slow(ChannelTranslation *t, guint64 address, gsize length, gboolean write)
{
    const guint64 limit = channel_translation_limit(t);
    ChannelWindow *window = &t->windows[write ? 1 : 0];
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

/* Returns: the number of bytes from address to the end of its block. */
static guint bytes_left_in_block(const ChannelTranslation *t, guint64 address)
{
    return t->block - (guint)(address & (t->block - 1));
}

/* A list of IDAWs in the guest. Its first entries are mapped once. */
typedef struct {
    guint64 address;
    guint size;         /* bytes of an entry */
    guint n_mapped;     /* number of entries at host */
    const guint8 *host; /* the first entry */
} IdawList;

static IdawList open_list(ChannelTranslation *t, guint32 address)
{
    IdawList list = { .address = address, .size = t->has_idaw64 ? sizeof(guint64) : sizeof(guint32) };
    const ChannelWindow *window = &t->windows[0];
    guint64 length = channel_translation_limit(t) - address;

    if (address % list.size || !channel_translation_map(t, address, list.size, FALSE))
        return list;
    length = MIN(length, window->size - (address - window->address));
    list.n_mapped = (guint)(MIN(length, sizeof(t->idaws[0])) / list.size);
    list.host = window->host + (address - window->address);
    return list;
}

/* Reads entry n of the list, once. */
static gboolean fetch_idaw(ChannelTranslation *t, const IdawList *list, guint n, guint64 *ret_idaw)
{
    guint64 address = list->address + (guint64)n * list->size;
    const guint8 *host;

    if (n < list->n_mapped) {
        host = list->host + n * list->size;
    } else {
        if (address % list->size || address + list->size > channel_translation_limit(t))
            return FALSE;
        host = channel_translation_map(t, address, list->size, FALSE);
        if (!host)
            return FALSE;
    }
    if (t->has_idaw64) {
        *ret_idaw = GUINT64_FROM_BE(__atomic_load_n((const guint64 *)(const void *)host, __ATOMIC_RELAXED));
        return TRUE;
    }
    *ret_idaw = GUINT32_FROM_BE(__atomic_load_n((const guint32 *)(const void *)host, __ATOMIC_RELAXED));
    return !(*ret_idaw & IDAW31_RESERVED);
}

/* Returns: the subchannel status for bytes that the guest's storage does not have, or that are protected. */
static guint8 bad_storage_status(ChannelTranslation *t, guint64 address, guint length, gboolean stores)
{
    return stores && channel_translation_map(t, address, length, FALSE) ? CHANNEL_CSTAT_PROTECTION_CHECK
                                                                        : CHANNEL_CSTAT_PROGRAM_CHECK;
}

/*
 * Translates block n of the data.
 * address: that of direct data in this block, or the guest's IDAW
 * left: bytes of the data from this block on
 *
 * Returns: the number of bytes in the block; 0 with *ret_cstat if the guest does not have this storage.
 */
static guint add_block(ChannelTranslation *t, guint index, guint n, guint64 address, guint left, gboolean stores,
                       guint8 *ret_cstat)
{
    guint length = MIN(left, bytes_left_in_block(t, address));
    guint8 *host = channel_translation_map(t, address, length, stores);

    if (G_UNLIKELY(!host)) {
        *ret_cstat = bad_storage_status(t, address, length, stores);
        return 0;
    }
    t->idaws[index][n] = (guint64)(guintptr)host;
    return length;
}

/* Makes a list for direct data that does not lie in one piece of host memory. */
static guint8 list_direct_data(ChannelTranslation *t, guint index, const ChannelFields *ccw, gboolean stores,
                               guint *ret_n)
{
    guint8 cstat = CHANNEL_CSTAT_PROGRAM_CHECK;
    guint64 address = ccw->cda;
    guint left = ccw->count, n;

    for (n = 0; left; n++) {
        guint length = 0;

        if (address < channel_translation_limit(t))
            length = add_block(t, index, n, address, left, stores, &cstat);
        if (!length)
            break;
        address += length;
        left -= length;
    }
    *ret_n = n;
    return left ? cstat : 0;
}

/* Makes a list for the guest's list of IDAWs. */
static guint8 list_idaws(ChannelTranslation *t, guint index, const ChannelFields *ccw, gboolean stores, guint *ret_n)
{
    const IdawList list = open_list(t, ccw->cda);
    guint8 cstat = CHANNEL_CSTAT_PROGRAM_CHECK;
    guint left = ccw->count, n;

    for (n = 0; left; n++) {
        guint64 address = 0;
        guint length = 0;

        if (fetch_idaw(t, &list, n, &address) && (n == 0 || (address & (t->block - 1)) == 0))
            length = add_block(t, index, n, address, left, stores, &cstat);
        if (!length)
            break;
        left -= length;
    }
    *ret_n = n;
    return left ? cstat : 0;
}

guint8 channel_translate_data(ChannelTranslation *t, guint index, const ChannelFields *ccw, gboolean stores,
                              gboolean fetches, guint8 *flags)
{
    guint8 *host = NULL, cstat;
    guint n = 0;

    t->program.cda[index] = 0;
    /* Without a transfer the address need not be valid. Only commands that store can skip the transfer. */
    if (ccw->count == 0 || (*flags & CCW_FLAG_SKIP && !fetches)) {
        *flags &= ~CCW_FLAG_IDA;
        return 0;
    }
    if (!(*flags & CCW_FLAG_IDA)) {
        if (ccw->cda + (guint64)ccw->count <= channel_translation_limit(t))
            host = channel_translation_map(t, ccw->cda, ccw->count, stores);
        t->program.cda[index] = (guint64)(guintptr)host;
        if (G_LIKELY(host))
            return 0;
        *flags |= CCW_FLAG_IDA;
        cstat = list_direct_data(t, index, ccw, stores, &n);
    } else {
        cstat = list_idaws(t, index, ccw, stores, &n);
    }
    if (cstat == CHANNEL_CSTAT_PROTECTION_CHECK)
        t->protected[t->n_protected++] = (guint16)index;
    if (cstat && n == 0)
        return cstat;
    /* The device finds a bad address after the first byte when it reaches the end of the list. */
    if (cstat)
        t->idaws[index][n] = 0;
    t->program.cda[index] = (guint64)(guintptr)t->idaws[index];
    return 0;
}
