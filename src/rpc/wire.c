/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/wire.h"

#include "util/endian.h"
#include "util/error.h"

gboolean rpc_header_decode(const guint8 bytes[RPC_FRAME_HEAD], RpcHeader *ret_header, GError **error)
{
    guint32 length = ccw_load_be32(bytes);

    if (length < RPC_FRAME_HEAD || length > RPC_FRAME_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "a frame of %u bytes is not within %u and %u", length,
                    RPC_FRAME_HEAD, RPC_FRAME_MAX);
        return FALSE;
    }
    *ret_header = (RpcHeader){
        .length = length,
        .program = ccw_load_be32(bytes + 4),
        .version = ccw_load_be32(bytes + 8),
        .procedure = (gint32)ccw_load_be32(bytes + 12),
        .type = ccw_load_be32(bytes + 16),
        .serial = ccw_load_be32(bytes + 20),
        .status = ccw_load_be32(bytes + 24),
    };
    return TRUE;
}

gboolean rpc_header_has_fds(const RpcHeader *header)
{
    return header->type == RPC_TYPE_CALL_WITH_FDS || header->type == RPC_TYPE_REPLY_WITH_FDS;
}

GByteArray *rpc_frame_new(const RpcHeader *header, const guint8 *payload, gsize length)
{
    const gsize count = rpc_header_has_fds(header) ? 1 : 0;
    const guint32 words[] = {
        (guint32)(RPC_FRAME_HEAD + 4 * count + length),
        header->program,
        header->version,
        (guint32)header->procedure,
        header->type,
        header->serial,
        header->status,
        header->fds,
    };
    GByteArray *frame = g_byte_array_sized_new((guint)(RPC_FRAME_HEAD + 4 * count + length));

    for (gsize i = 0; i < G_N_ELEMENTS(words) - 1 + count; i++) {
        guint8 word[4];

        ccw_store_be32(word, words[i]);
        g_byte_array_append(frame, word, sizeof(word));
    }
    if (length)
        g_byte_array_append(frame, payload, (guint)length);
    return frame;
}
