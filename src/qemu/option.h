/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's option strings, "vfio-ccw,id=d0,hostid=0.0.1234": read into pieces, and written back with every piece that
 * was not touched as it stood. It knows the syntax (qemu(1); QEMU's util/qemu-option.c), not what any key means.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *raw;   /* the piece as written, without the commas around it */
    char *key;   /* of a first piece without "=": the implied key that was given */
    char *value; /* with ",," read as ","; NULL for a later piece without "=" */
} CcwOption;

/* Never fails: what makes no sense is a piece too, for QEMU to complain about. Elements are CcwOption. */
GPtrArray *ccw_options_parse(const char *text, const char *implied_key);

char *ccw_options_format(GPtrArray *options);

/* The last piece of that key, which is the one that counts for QEMU; NULL if there is none. */
const CcwOption *ccw_options_find(GPtrArray *options, const char *key);

/* Replaces every piece of key by one new_key=value at the place of the first; at the end if there was none. */
void ccw_options_replace(GPtrArray *options, const char *key, const char *new_key, const char *value);

/* Removes every piece of key. */
void ccw_options_remove(GPtrArray *options, const char *key);
