/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of XDR (RFC 4506) that libvirt's protocol uses, from untrusted memory. After a failure a reader returns
 * zeros, so that callers may check for it at the end.
 */
#pragma once

#include <glib.h>

#define RPC_XDR_STRING_MAX (4u * 1024 * 1024) /* VIR_NET_MESSAGE_STRING_MAX, REMOTE_STRING_MAX */

typedef struct {
    const guint8 *start;
    gsize length;
    gsize at;
    gboolean failed;
} RpcXdrReader;

/* @bytes: outlive the reader */
void rpc_xdr_reader_init(RpcXdrReader *reader, const guint8 *bytes, gsize length);

/* Returns: the next number; 0 on failure. */
guint32 rpc_xdr_read_u32(RpcXdrReader *reader);
guint64 rpc_xdr_read_u64(RpcXdrReader *reader);

/* Reads @length bytes and the padding to a multiple of four. Returns: the bytes, or NULL on failure. */
const guint8 *rpc_xdr_read_fixed(RpcXdrReader *reader, gsize length);

/* Returns: a string of at most RPC_XDR_STRING_MAX bytes, without a NUL inside, not terminated, or NULL on failure. */
const char *rpc_xdr_read_string(RpcXdrReader *reader, gsize *ret_length);

/* Returns: whether an optional value (an XDR pointer) is present. */
gboolean rpc_xdr_read_present(RpcXdrReader *reader);

/*
 * The writers append. A string must not be longer than RPC_XDR_STRING_MAX. A NULL text writes an absent optional
 * string.
 */
void rpc_xdr_write_u32(GByteArray *out, guint32 value);
void rpc_xdr_write_string(GByteArray *out, const char *text, gsize length);
void rpc_xdr_write_optional(GByteArray *out, const char *text);
