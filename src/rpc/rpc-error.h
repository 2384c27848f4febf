/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's error on the wire (virNetMessageError of src/rpc/virnetprotocol.x), and our errors as its users know them.
 */
#pragma once

#include <glib.h>

#include "rpc/wire.h"

typedef struct {
    gint32 code;   /* virErrorNumber */
    gint32 domain; /* virErrorDomain */
    char *message; /* may be NULL */
    char *str[3];  /* may be NULL */
} CcwRpcError;

/* FALSE if payload is not one. */
gboolean ccw_rpc_error_decode(CcwRpcError *ret_error, const guint8 *payload, gsize length);
void ccw_rpc_error_clear(CcwRpcError *error);

/* Whether one of its texts names it. */
gboolean ccw_rpc_error_mentions(const CcwRpcError *error, const char *text);

/* What our hook's message begins with, in libvirt's error of a hook script that failed. */
#define CCW_RPC_ERROR_HOOK "virt-ccw hook: error: "

/**
 * ccw_rpc_error_hook_reason:
 * @text: a text of an error of libvirt's
 *
 * libvirt puts the command line of a hook that failed, some 250 characters, before what the hook has said. This is the
 * text with our hook's message alone; libvirt's own log has the whole.
 *
 * Returns: NULL if our hook has not said anything in it
 */
char *ccw_rpc_error_hook_reason(const char *text);

/* The reply of status ERROR to a call. domain: of virErrorDomain. message is put behind the code's own words. */
GByteArray *ccw_rpc_error_reply(const CcwHeader *call, gint32 code, gint32 domain, const char *message);

/* The same for an error of ours: its code decides virErrorNumber, with the words that users know from PCI devices. */
GByteArray *ccw_rpc_error_reply_for(const CcwHeader *call, const GError *error);
