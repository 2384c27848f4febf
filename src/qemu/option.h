/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parses QEMU's option strings, such as "vfio-ccw,id=d0,hostid=0.0.1234", and formats them with all unchanged
 * properties as they were. It knows the syntax (qemu(1); QEMU's util/qemu-option.c), and not the meaning of a key.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *raw;   /* the property as written, without the commas around it */
    char *key;   /* the implied key for a first property without "=" */
    char *value; /* with ",," replaced by ","; NULL for a later property without "=" */
} QemuOption;

/**
 * qemu_options_parse: Parses an option string. It cannot fail: QEMU itself rejects a property that makes no sense.
 * @implied_key: the key of a first property without "="; NULL: such a property is a key
 *
 * Returns: QemuOption.
 */
GPtrArray *qemu_options_parse(const char *text, const char *implied_key);

/* Returns: the option string, with unchanged properties as they were written; free with g_free(). */
char *qemu_options_format(GPtrArray *options);

/* Returns: the last property with the key, which QEMU uses, or NULL if there is no such property. */
const QemuOption *qemu_options_find(GPtrArray *options, const char *key);

/* Replaces all properties with the key by new_key=value in the position of the first, or adds it at the end. */
void qemu_options_replace(GPtrArray *options, const char *key, const char *new_key, const char *value);

/* Removes all properties with the key. */
void qemu_options_remove(GPtrArray *options, const char *key);
