/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is judged here before, or beside, libvirt: whether QEMU can have our devices. remote/ knows nothing of QEMU; who
 * starts virtccwd hands these in (docs/internals.md). All of it may take its time: it is called in worker threads, in
 * several at once.
 */
#pragma once

#include <glib.h>

#include "conf/ccw-conf.h"

typedef struct {
    const char *xml;     /* a domain, or a bare hostdev: with an element of ours, or what it lowers to */
    gboolean by_schema;  /* libvirt was asked to validate it, so that its schema, extended, comes first */
    gboolean has_domain; /* of a bare hostdev: what domain it is for is known, */
    CcwMapCss map_css;   /* and its feature is this */
    GPtrArray *warnings; /* of char *, for a person: lines are added. NULL: none are wanted */
} CcwJudged;

typedef struct {
    /*
     * Errors: CCW_ERROR_XML, by the schema; CCW_ERROR_INVALID, it contradicts itself; CCW_ERROR_UNSUPPORTED, QEMU
     * cannot do it. What stock libvirt finds out and says itself is not judged.
     */
    gboolean (*document)(const CcwJudged *judged, gpointer data, GError **error);
    /* Does it know channel devices? Unknown: FALSE. */
    gboolean (*emulator)(const char *path, gpointer data);
    gpointer data;
} CcwJudge;
