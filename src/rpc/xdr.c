/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/xdr.h"

#include <string.h>

#include "util/endian.h"

static gsize padded(gsize length)
{
    return (length + 3) & ~(gsize)3;
}

void rpc_xdr_reader_init(RpcXdrReader *reader, const guint8 *bytes, gsize length)
{
    *reader = (RpcXdrReader){ .start = bytes, .length = length };
}

const guint8 *rpc_xdr_read_fixed(RpcXdrReader *reader, gsize length)
{
    const guint8 *at = reader->start + reader->at;

    if (reader->failed || length > reader->length || padded(length) > reader->length - reader->at) {
        reader->failed = TRUE;
        return NULL;
    }
    reader->at += padded(length);
    return at;
}

guint32 rpc_xdr_read_u32(RpcXdrReader *reader)
{
    const guint8 *at = rpc_xdr_read_fixed(reader, 4);

    return at ? ccw_load_be32(at) : 0;
}

guint64 rpc_xdr_read_u64(RpcXdrReader *reader)
{
    const guint8 *at = rpc_xdr_read_fixed(reader, 8);

    return at ? ccw_load_be64(at) : 0;
}

const char *rpc_xdr_read_string(RpcXdrReader *reader, gsize *ret_length)
{
    guint32 length = rpc_xdr_read_u32(reader);
    const guint8 *at;

    if (length > RPC_XDR_STRING_MAX)
        reader->failed = TRUE;
    at = rpc_xdr_read_fixed(reader, length);
    if (!at || (length && memchr(at, '\0', length))) {
        reader->failed = TRUE;
        return NULL;
    }
    *ret_length = length;
    return (const char *)at;
}

gboolean rpc_xdr_read_present(RpcXdrReader *reader)
{
    return rpc_xdr_read_u32(reader) != 0;
}

void rpc_xdr_write_u32(GByteArray *out, guint32 value)
{
    guint8 word[4];

    ccw_store_be32(word, value);
    g_byte_array_append(out, word, sizeof(word));
}

void rpc_xdr_write_string(GByteArray *out, const char *text, gsize length)
{
    static const guint8 zeros[4];

    rpc_xdr_write_u32(out, (guint32)length);
    g_byte_array_append(out, (const guint8 *)text, (guint)length);
    g_byte_array_append(out, zeros, (guint)(padded(length) - length));
}

void rpc_xdr_write_optional(GByteArray *out, const char *text)
{
    rpc_xdr_write_u32(out, text != NULL);
    if (text)
        rpc_xdr_write_string(out, text, strlen(text));
}
