/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's error on the wire (virNetMessageError of src/rpc/virnetprotocol.x), and our errors in that form. */
#pragma once

#include <glib.h>

#include "rpc/wire.h"

typedef struct {
    gint32 code;   /* virErrorNumber */
    gint32 domain; /* virErrorDomain */
    char *message; /* may be NULL */
    char *str[3];  /* may be NULL */
} RpcError;

/* Returns: FALSE if the payload is not laid out as libvirt's errors are. */
gboolean rpc_error_decode(RpcError *ret_error, const guint8 *payload, gsize length);
void rpc_error_clear(RpcError *error);

/**
 * rpc_error_mentions:
 * @text: a name, path or UUID, which libvirt does not translate
 *
 * Decide on @code first, and call this function only if libvirt has that code, with the same domain, for several
 * errors: it names the object of an error only in its texts.
 *
 * Returns: whether one of the error's texts contains @text.
 */
gboolean rpc_error_mentions(const RpcError *error, const char *text);

/* Beginning of our hook's message, in libvirt's error about a hook script that failed. */
#define RPC_ERROR_HOOK "virt-ccw hook: error: "

/**
 * rpc_error_hook_reason:
 * @text: a text of libvirt's error
 *
 * libvirt puts the command line of the failed hook, some 250 characters, before the hook's message. libvirt's own log
 * has the whole text.
 *
 * Returns: the text with our hook's message only, or NULL if the text has no message of our hook.
 */
char *rpc_error_hook_reason(const char *text);

/**
 * rpc_error_reply:
 * @code: virErrorNumber
 * @domain: virErrorDomain
 * @message: added after libvirt's words for @code
 *
 * Returns: the reply of status ERROR to a call.
 */
GByteArray *rpc_error_reply(const RpcHeader *call, gint32 code, gint32 domain, const char *message);

/* Returns: the same for an error of ours, with the virErrorNumber that users know from PCI devices. */
GByteArray *rpc_error_reply_for(const RpcHeader *call, const GError *error);
