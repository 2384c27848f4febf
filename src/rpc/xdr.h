/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XDR (RFC 4506), as much of it as libvirt's protocol uses, from memory that nobody vouches for. A reader that has
 * failed once fails from then on and hands out zeros, so that callers may check at the end.
 */
#pragma once

#include <glib.h>

#define CCW_XDR_STRING_MAX (4u * 1024 * 1024) /* VIR_NET_MESSAGE_STRING_MAX, REMOTE_STRING_MAX */

typedef struct {
    const guint8 *start;
    gsize length;
    gsize at;
    gboolean failed;
} CcwXdrReader;

void ccw_xdr_reader_init(CcwXdrReader *reader, const guint8 *bytes, gsize length);

guint32 ccw_xdr_read_u32(CcwXdrReader *reader);
guint64 ccw_xdr_read_u64(CcwXdrReader *reader);

/* length bytes and what pads them to a multiple of four; NULL on failure. */
const guint8 *ccw_xdr_read_fixed(CcwXdrReader *reader, gsize length);

/* A string of at most CCW_XDR_STRING_MAX bytes without a NUL inside; not terminated. NULL on failure. */
const char *ccw_xdr_read_string(CcwXdrReader *reader, gsize *ret_length);

/* Whether an optional value (an XDR pointer) follows. */
gboolean ccw_xdr_read_present(CcwXdrReader *reader);

/* Writers append; a string's length must be within CCW_XDR_STRING_MAX. A NULL text is an optional string's absence. */
void ccw_xdr_write_u32(GByteArray *out, guint32 value);
void ccw_xdr_write_string(GByteArray *out, const char *text, gsize length);
void ccw_xdr_write_optional(GByteArray *out, const char *text);
