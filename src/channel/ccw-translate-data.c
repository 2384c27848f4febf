/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The data half of the translation: where the bytes of one CCW are in this process. Principles of Operation, chapter
 * 15, "CCW Indirect Data Addressing". Which CCW comes after which is ccw-translate.c.
 */
#include "channel/ccw-translate-private.h"

#include "util/ccw-endian.h"

#define IDAW31_RESERVED 0x80000000u

/* Bytes from address to the end of its block. */
static guint room_in_block(const CcwTranslation *t, guint64 address)
{
    return t->block - (guint)(address & (t->block - 1));
}

/* The host's address of bytes that lie in one block, hence in one piece. */
static gboolean map_block(CcwTranslation *t, guint64 address, guint length, gboolean write, guint64 *ret_host)
{
    gsize available = 0;
    guint8 *host = t->memory->map(t->memory->opaque, address, length, write, &available);

    if (!host || available < length)
        return FALSE;
    *ret_host = (guint64)(guintptr)host;
    return TRUE;
}

/* Direct data that does not lie in one piece of host memory becomes a list. */
static gboolean scatter(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean write, guint8 *flags)
{
    guint64 address = ccw->cda;
    guint left = ccw->count;

    for (guint n = 0; left; n++) {
        guint length = MIN(left, room_in_block(t, address));

        if (!map_block(t, address, length, write, &t->idaws[index][n]))
            return FALSE;
        address += length;
        left -= length;
    }
    t->program.cda[index] = (guint64)(guintptr)t->idaws[index];
    *flags |= CCW_FLAG_IDA;
    return TRUE;
}

static gboolean translate_direct(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean write, guint8 *flags)
{
    gsize available = 0;
    guint8 *host;

    if ((guint64)ccw->cda + ccw->count > ccw_translation_limit(t))
        return FALSE;
    host = t->memory->map(t->memory->opaque, ccw->cda, ccw->count, write, &available);
    if (!host)
        return FALSE;
    if (available < ccw->count)
        return scatter(t, index, ccw, write, flags);
    t->program.cda[index] = (guint64)(guintptr)host;
    return TRUE;
}

/* Reads one IDAW of the guest, once. */
static gboolean fetch_idaw(CcwTranslation *t, guint64 address, guint64 *ret_idaw)
{
    guint size = t->idaw64 ? sizeof(guint64) : sizeof(guint32);
    gsize available = 0;
    guint8 *host = NULL;

    if (address + size <= ccw_translation_limit(t))
        host = t->memory->map(t->memory->opaque, address, size, FALSE, &available);
    if (!host || available < size)
        return FALSE;
    if (t->idaw64) {
        *ret_idaw = GUINT64_FROM_BE(__atomic_load_n((guint64 *)(void *)host, __ATOMIC_RELAXED));
        return TRUE;
    }
    *ret_idaw = GUINT32_FROM_BE(__atomic_load_n((guint32 *)(void *)host, __ATOMIC_RELAXED));
    return !(*ret_idaw & IDAW31_RESERVED);
}

static gboolean translate_idal(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean write)
{
    guint size = t->idaw64 ? sizeof(guint64) : sizeof(guint32);
    guint left = ccw->count;

    if (ccw->cda % size)
        return FALSE;
    for (guint n = 0; left; n++) {
        guint64 address = 0;
        guint length;

        if (!fetch_idaw(t, (guint64)ccw->cda + n * size, &address))
            return FALSE;
        if (n && address & (t->block - 1))
            return FALSE;
        length = MIN(left, room_in_block(t, address));
        if (!map_block(t, address, length, write, &t->idaws[index][n]))
            return FALSE;
        left -= length;
    }
    t->program.cda[index] = (guint64)(guintptr)t->idaws[index];
    return TRUE;
}

gboolean ccw_translate_data(CcwTranslation *t, guint index, const CcwFields *ccw, guint8 cmd, guint8 *flags)
{
    gboolean input = ccw_cmd_is_input(cmd);
    gboolean backward = (cmd & 0x0f) == 0x0c;

    /* No device here reads backward: it rejects the command, and is not shown storage that runs downwards. */
    if (backward)
        *flags |= CCW_FLAG_SKIP;

    /* Nothing is transferred: the address need not be one. The skip flag counts for input only. */
    if (ccw->count == 0 || cmd == CCW_CMD_NOOP || (input && *flags & CCW_FLAG_SKIP)) {
        *flags &= ~CCW_FLAG_IDA;
        t->program.cda[index] = 0;
        return TRUE;
    }
    if (ccw->flags & CCW_FLAG_IDA)
        return translate_idal(t, index, ccw, input);
    return translate_direct(t, index, ccw, input, flags);
}
