/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See stores.h. */
#include "channel/stores.h"

#include "util/endian.h"

typedef struct {
    const ChannelProgram *program;
    guint count; /* of CCWs */
    guint block; /* bytes of an IDAW's block */
    /*
     * The CCW may continue the data of another one. That CCW's command decides whether it stores, so it counts as
     * input.
     */
    gboolean is_chained[CHANNEL_PROGRAM_MAX];
    /* The range that the next one may continue. */
    guint8 *host;
    gsize length;
    ChannelStoreFunc func;
    gpointer opaque;
} Stores;

static void flush(Stores *stores)
{
    if (stores->length > 0)
        stores->func(stores->opaque, stores->host, stores->length);
    stores->length = 0;
}

static void add(Stores *stores, guint64 address, gsize length)
{
    guint8 *host = GSIZE_TO_POINTER(address);

    if (stores->length == 0 || stores->host + stores->length != host) {
        flush(stores);
        stores->host = host;
    }
    stores->length += length;
}

static void add_list(Stores *stores, const guint64 *list, gsize count)
{
    for (guint n = 0; count > 0 && list[n]; n++) {
        gsize length = MIN(count, stores->block - (list[n] & (stores->block - 1)));

        add(stores, list[n], length);
        count -= length;
    }
}

/* Marks the CCW that continues the data of CCW @index. */
static void note_chained(Stores *stores, guint index)
{
    const guint8 *next;

    if (++index >= stores->count)
        return;
    next = stores->program->ccw[index];
    if (next[CCW_OFS_CMD] == CCW_CMD_TIC)
        index = ccw_load_be32(next + CCW_OFS_CDA) / CCW_SIZE;
    if (index < stores->count)
        stores->is_chained[index] = TRUE;
}

static gboolean can_store(const Stores *stores, guint index)
{
    const guint8 *ccw = stores->program->ccw[index];

    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC || ccw[CCW_OFS_FLAGS] & CCW_FLAG_SKIP || !stores->program->cda[index])
        return FALSE;
    return stores->is_chained[index] || channel_cmd_is_input(ccw[CCW_OFS_CMD]);
}

void channel_stores_each(const CcwCmdRequest *request, ChannelStoreFunc func, gpointer opaque)
{
    guint32 flags = ccw_load_be32(request->orb + CHANNEL_ORB_OFS_FLAGS);
    Stores stores = {
        .program = GSIZE_TO_POINTER(request->program),
        .count = request->program ? MIN(request->ccw_count, CHANNEL_PROGRAM_MAX) : 0,
        .block = flags & CHANNEL_ORB_C64 && !(flags & CHANNEL_ORB_T2K) ? 4096 : 2048,
        .func = func,
        .opaque = opaque,
    };

    for (guint i = 0; i < stores.count; i++)
        if (stores.program->ccw[i][CCW_OFS_CMD] != CCW_CMD_TIC && stores.program->ccw[i][CCW_OFS_FLAGS] & CCW_FLAG_CD)
            note_chained(&stores, i);
    for (guint i = 0; i < stores.count; i++) {
        const guint8 *ccw = stores.program->ccw[i];

        if (!can_store(&stores, i))
            continue;
        if (ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA)
            add_list(&stores, GSIZE_TO_POINTER(stores.program->cda[i]), ccw_load_be16(ccw + CCW_OFS_COUNT));
        else
            add(&stores, stores.program->cda[i], ccw_load_be16(ccw + CCW_OFS_COUNT));
    }
    flush(&stores);
}
