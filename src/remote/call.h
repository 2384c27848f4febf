/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's call of a procedure in the table, decoded: its payload is walked, and its XML parsed, once.
 */
#pragma once

#include "conf/conf.h"
#include "remote/procedures.h"
#include "remote/rewrite.h"
#include "rpc/wire.h"
#include "util/fd.h"

typedef struct {
    const CcwProcedure *procedure;
    CcwHeader header;
    GByteArray *payload;       /* without the count of descriptors */
    const CcwFdCloser *closer; /* of fds */
    GArray *fds;               /* behind it, as gint; NULL: none */
    gboolean matches;          /* the payload is laid out as the table says; else nothing below is set */
    CcwArguments arguments;
    GArray *hostdevs;    /* of CcwHostdev: ours in its XML; NULL: none, or the XML is not well-formed */
    CcwMapCss map;       /* the feature in its XML */
    GByteArray *frame;   /* the call as libvirt shall have it; NULL: error says why libvirt shall not */
    gboolean is_lowered; /* frame differs from what came */
    GError *error;
} CcwCall;

/* Copies payload; takes the descriptors out of @fds, which may be NULL. @closer outlives the call. */
CcwCall *ccw_call_new(const CcwProcedure *procedure, const CcwHeader *header, const guint8 *payload, gsize length,
                      GArray *fds, const CcwFdCloser *closer);
void ccw_call_free(CcwCall *call); /* closes descriptors that are still there */

/* Whether such a call has XML, as the table says. */
gboolean ccw_call_has_xml(const CcwProcedure *procedure);

/* Whether that of this call has to be parsed: a quick look for words of ours. Linear. */
gboolean ccw_call_may_have_ours(const CcwProcedure *procedure, const guint8 *payload, gsize length);

/* Sets matches and what follows. Parses XML where ccw_call_may_have_ours(), so that it is for a worker then. */
void ccw_call_decode(CcwCall *call);
