/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces the XML, or an error's texts, in a payload. payload.h finds their positions. */
#pragma once

#include "remote/payload.h"
#include "rpc/wire.h"

/**
 * RemoteRewriteFunc:
 * @ret_changed: whether the new text differs from @text
 *
 * Returns: the new text, or NULL with an error on failure.
 */
typedef char *(*RemoteRewriteFunc)(const char *text, gpointer data, gboolean *ret_changed, GError **error);

typedef enum {
    REMOTE_REWRITE_SAME, /* no change, or the payload is not laid out as the fields say: use the original */
    REMOTE_REWRITE_CHANGED,
    REMOTE_REWRITE_FAILED, /* func failed, or the new frame is too long */
} RemoteRewrite;

/**
 * remote_rewrite_texts:
 * @texts: of RemoteText, or NULL if the frame has no XML
 * @header: header of the new frame
 * @func: called with each text
 * @ret_frame: the new frame, with REMOTE_REWRITE_CHANGED only
 *
 * Errors: those of @func; CCW_ERROR_INVALID: a new text is too long for the protocol.
 */
RemoteRewrite remote_rewrite_texts(const GArray *texts, const RpcHeader *header, const guint8 *payload, gsize length,
                                   RemoteRewriteFunc func, gpointer data, GByteArray **ret_frame, GError **error);

/* As remote_rewrite_texts(), for a payload whose texts this function finds by @fields. */
RemoteRewrite remote_rewrite_frame(const RemoteField *fields, const RpcHeader *header, const guint8 *payload,
                                   gsize length, RemoteRewriteFunc func, gpointer data, GByteArray **ret_frame,
                                   GError **error);
