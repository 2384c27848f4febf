/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/rewrite.h"

#include <string.h>

#include "rpc/xdr.h"
#include "util/endian.h"
#include "util/error.h"

typedef struct {
    const RpcHeader *header;
    const guint8 *payload;
    gsize length;
    GByteArray *out; /* the new frame; NULL until a text changes */
    gsize copied;    /* number of bytes of the payload that out contains, unchanged or rewritten */
} Rewriting;

/* Begins the new frame, with enough memory for all of it unless a second text grows. */
static void begin_out(Rewriting *rewriting, gsize length)
{
    g_autoptr(GByteArray) head = rpc_frame_new(rewriting->header, NULL, 0);

    rewriting->out = g_byte_array_sized_new((guint)(head->len + length));
    g_byte_array_append(rewriting->out, head->data, head->len);
}

static gboolean put_text(Rewriting *rewriting, const RemoteText *text, const char *new, GError **error)
{
    gsize length = strlen(new);

    if (length > RPC_XDR_STRING_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "XML of %zu bytes with the ccw devices in libvirt's form is longer than the %u that its protocol "
                    "takes",
                    length, RPC_XDR_STRING_MAX);
        return FALSE;
    }
    if (!rewriting->out)
        begin_out(rewriting, rewriting->length - text->length + length + 3);
    g_byte_array_append(rewriting->out, rewriting->payload + rewriting->copied, (guint)(text->at - rewriting->copied));
    rpc_xdr_write_string(rewriting->out, new, length);
    rewriting->copied = text->end;
    return TRUE;
}

static gboolean rewrite_text(Rewriting *rewriting, const RemoteText *text, RemoteRewriteFunc func, gpointer data,
                             GError **error)
{
    const char *old = (const char *)rewriting->payload + text->at + 4;
    /*
     * XDR pads a string with zeros to a multiple of four bytes, so most strings are terminated in the payload already.
     */
    g_autofree char *copy = text->length % 4 && old[text->length] == '\0' ? NULL : g_strndup(old, text->length);
    g_autofree char *new = NULL;
    gboolean changed = FALSE;

    new = func(copy ? copy : old, data, &changed, error);
    return new && (!changed || put_text(rewriting, text, new, error));
}

/* Appends the rest of the payload. Returns: FALSE if the frame is too long. */
static gboolean end_out(Rewriting *rewriting, GError **error)
{
    GByteArray *out = rewriting->out;

    g_byte_array_append(out, rewriting->payload + rewriting->copied, (guint)(rewriting->length - rewriting->copied));
    if (out->len > RPC_FRAME_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "the message of %u bytes is longer than libvirt's protocol takes", out->len - RPC_FRAME_HEAD);
        return FALSE;
    }
    ccw_store_be32(out->data, out->len);
    return TRUE;
}

RemoteRewrite remote_rewrite_texts(const GArray *texts, const RpcHeader *header, const guint8 *payload, gsize length,
                                   RemoteRewriteFunc func, gpointer data, GByteArray **ret_frame, GError **error)
{
    Rewriting rewriting = { .header = header, .payload = payload, .length = length };
    gboolean is_good = TRUE;
    g_autoptr(GByteArray) out = NULL;

    for (guint i = 0; texts && i < texts->len && is_good; i++)
        is_good = rewrite_text(&rewriting, &g_array_index(texts, RemoteText, i), func, data, error);
    if (is_good && rewriting.out)
        is_good = end_out(&rewriting, error);
    out = rewriting.out;
    if (!is_good)
        return REMOTE_REWRITE_FAILED;
    if (!out)
        return REMOTE_REWRITE_SAME;
    *ret_frame = g_steal_pointer(&out);
    return REMOTE_REWRITE_CHANGED;
}

RemoteRewrite remote_rewrite_frame(const RemoteField *fields, const RpcHeader *header, const guint8 *payload,
                                   gsize length, RemoteRewriteFunc func, gpointer data, GByteArray **ret_frame,
                                   GError **error)
{
    g_autoptr(GArray) texts = remote_payload_find_texts(fields, payload, length);

    return remote_rewrite_texts(texts, header, payload, length, func, data, ret_frame, error);
}
