/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/wire.h"

#include "util/endian.h"
#include "util/error.h"

gboolean ccw_header_decode(const guint8 bytes[CCW_FRAME_HEAD], CcwHeader *ret_header, GError **error)
{
    guint32 length = ccw_load_be32(bytes);

    if (length < CCW_FRAME_HEAD || length > CCW_FRAME_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "a frame of %u bytes is not within %u and %u", length,
                    CCW_FRAME_HEAD, CCW_FRAME_MAX);
        return FALSE;
    }
    *ret_header = (CcwHeader){
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

gboolean ccw_header_has_fds(const CcwHeader *header)
{
    return header->type == CCW_TYPE_CALL_WITH_FDS || header->type == CCW_TYPE_REPLY_WITH_FDS;
}

GByteArray *ccw_frame_new(const CcwHeader *header, const guint8 *payload, gsize length)
{
    const gsize count = ccw_header_has_fds(header) ? 1 : 0;
    const guint32 words[] = {
        (guint32)(CCW_FRAME_HEAD + 4 * count + length),
        header->program,
        header->version,
        (guint32)header->procedure,
        header->type,
        header->serial,
        header->status,
        header->fds,
    };
    GByteArray *frame = g_byte_array_sized_new((guint)(CCW_FRAME_HEAD + 4 * count + length));

    for (gsize i = 0; i < G_N_ELEMENTS(words) - 1 + count; i++) {
        guint8 word[4];

        ccw_store_be32(word, words[i]);
        g_byte_array_append(frame, word, sizeof(word));
    }
    if (length)
        g_byte_array_append(frame, payload, (guint)length);
    return frame;
}
