/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks a payload by its row of fields: to read what an action needs, or to put other text in place of its texts.
 * What is not as the fields say is left alone: libvirt will say so itself.
 */
#pragma once

#include <glib.h>

#include "remote/procedures.h"
#include "rpc/wire.h"

/* New text for text, and whether it differs; or NULL and an error. */
typedef char *(*CcwRewriteFunc)(const char *text, gpointer data, gboolean *ret_changed, GError **error);

typedef enum {
    CCW_REWRITE_SAME, /* nothing of ours, or not laid out as the fields say: use the original */
    CCW_REWRITE_CHANGED,
    CCW_REWRITE_FAILED, /* func refused */
} CcwRewrite;

/*
 * Calls func on each XML, OPT_XML, OPT_TEXT and each typed parameter that is XML. *ret_frame, the whole frame with the
 * new payload, is written for CCW_REWRITE_CHANGED only. Errors: func's; CCW_ERROR_INVALID, a new text too long for the
 * wire.
 */
CcwRewrite ccw_rewrite_frame(const CcwField *fields, const CcwHeader *header, const guint8 *payload, gsize length,
                             CcwRewriteFunc func, gpointer data, GByteArray **ret_frame, GError **error);

/* Whether a payload is laid out as the fields say, to its last byte. */
gboolean ccw_rewrite_matches(const CcwField *fields, const guint8 *payload, gsize length);

/* What actions want to know of a call. */
typedef struct {
    char *domain_uuid; /* "12345678-....", lower case; NULL without a domain */
    GBytes *domain;    /* the domain argument as it stands in the payload */
    char *xml;         /* the first XML; NULL without */
    char *node;        /* the first node device's name; NULL without */
    char *option;      /* the first optional string; NULL without */
    gboolean has_flags;
    guint32 flags; /* the last U32 */
    gboolean has_hyper;
    guint64 hyper; /* the first U64 */
} CcwArguments;

/* FALSE if the payload is not laid out as the fields say. */
gboolean ccw_arguments_read(CcwArguments *ret_arguments, const CcwField *fields, const guint8 *payload, gsize length);
void ccw_arguments_clear(CcwArguments *arguments);
