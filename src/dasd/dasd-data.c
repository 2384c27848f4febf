/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves the data of CCWs: direct, by a list of IDAWs, chained. The addresses are trusted addresses of this process.
 * Counts bound them.
 */
#include "dasd/dasd-data.h"

#include <string.h>

#include "channel/arch.h"

static void set_ccw(DasdData *data)
{
    data->left = data->ccw->count;
    data->done = 0;
    data->entry = 0;
    data->entry_done = 0;
}

void dasd_data_begin(DasdData *data, DasdProgram *program, DasdCcw *ccw)
{
    *data = (DasdData){ .program = program, .ccw = ccw };
    set_ccw(data);
}

/* Moves to the next CCW of a data chain. Returns FALSE if the chain has no next CCW or the next CCW is invalid. */
static gboolean chain(DasdData *data)
{
    if (data->cstat || !(data->ccw->flags & CCW_FLAG_CD))
        return FALSE;
    data->cstat = dasd_program_fetch(data->program, data->ccw->index + 1, data->ccw->cmd, data->ccw);
    /*
     * The status has the address of this CCW even if the CCW is invalid, so the residual count must be that of this
     * CCW.
     */
    set_ccw(data);
    data->pci |= !data->cstat && (data->ccw->flags & CCW_FLAG_PCI);
    return data->cstat == 0;
}

void dasd_data_end(DasdData *data)
{
    if (data->left == 0)
        chain(data);
}

static guint8 *direct_piece(DasdData *data, gsize *ret_length)
{
    guint64 address = data->program->code.cda[data->ccw->index];

    if (!address)
        return NULL;
    *ret_length = data->left;
    return (guint8 *)GSIZE_TO_POINTER(address) + data->done;
}

static guint8 *idaw_piece(DasdData *data, gsize *ret_length)
{
    const guint64 *list = GSIZE_TO_POINTER(data->program->code.cda[data->ccw->index]);
    guint32 block = data->program->block;
    guint64 address;
    guint32 length;

    if (!list)
        return NULL;
    address = list[data->entry];
    if (!address || (data->entry > 0 && address % block))
        return NULL;
    length = block - (guint32)(address % block) - data->entry_done;
    *ret_length = MIN(length, data->left);
    return (guint8 *)GSIZE_TO_POINTER(address) + data->entry_done;
}

/*
 * Returns a contiguous piece of the bytes that are left, at most limit bytes, and counts it as moved. Returns NULL at
 * the end.
 */
static guint8 *next_piece(DasdData *data, gsize limit, gsize *ret_length)
{
    guint8 *at;
    gsize length;

    if (data->cstat || (data->left == 0 && !chain(data)))
        return NULL;
    at = data->ccw->flags & CCW_FLAG_IDA ? idaw_piece(data, &length) : direct_piece(data, &length);
    if (!at) {
        data->cstat = CHANNEL_CSTAT_PROGRAM_CHECK;
        return NULL;
    }
    *ret_length = length < limit ? length : limit;
    data->left -= (guint32)*ret_length;
    data->done += (guint32)*ret_length;
    data->entry_done += (guint32)*ret_length;
    if (*ret_length == length) {
        data->entry++;
        data->entry_done = 0;
    }
    return at;
}

/* skip() stores nothing, so it does not look at addresses. */
static gsize skip(DasdData *data, gsize limit)
{
    gsize length = MIN(data->left, limit);

    data->left -= (guint32)length;
    return length;
}

gsize dasd_data_put(DasdData *data, const void *from, gsize length)
{
    gsize moved = 0;

    while (moved < length) {
        guint8 *to;
        gsize piece;

        if ((data->ccw->flags & CCW_FLAG_SKIP) && data->left && !data->cstat) {
            moved += skip(data, length - moved);
            continue;
        }
        /* A chain-data CCW may skip data although the next CCW does not. */
        if (data->left == 0 && chain(data))
            continue;
        to = data->left ? next_piece(data, length - moved, &piece) : NULL;
        if (!to)
            break;
        memcpy(to, (const guint8 *)from + moved, piece);
        moved += piece;
    }
    data->is_short |= moved < length;
    return moved;
}

gsize dasd_data_get_upto(DasdData *data, void *to, gsize length)
{
    gsize moved = 0;

    while (moved < length) {
        gsize piece;
        const guint8 *from = next_piece(data, length - moved, &piece);

        if (!from)
            break;
        memcpy((guint8 *)to + moved, from, piece);
        moved += piece;
    }
    return moved;
}

gsize dasd_data_get(DasdData *data, void *to, gsize length)
{
    gsize moved = dasd_data_get_upto(data, to, length);

    data->is_short |= moved < length;
    return moved;
}

void dasd_data_drop(DasdData *data, gsize length)
{
    gsize piece;

    for (gsize moved = 0; moved < length && next_piece(data, length - moved, &piece); moved += piece) {
    }
}

guint8 dasd_data_check(const DasdData *data, gsize length)
{
    DasdData copy = *data;
    DasdCcw ccw = *data->ccw;
    guint32 fetches = data->program->fetches;

    copy.ccw = &ccw;
    dasd_data_drop(&copy, length);
    data->program->fetches = fetches;
    return copy.cstat;
}
