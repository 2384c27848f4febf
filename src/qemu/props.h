/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parses and formats the properties of -device, -object, -chardev and similar options, as an option string or, if they
 * begin with "{", as a JSON object. A change keeps the order and spelling of the other properties.
 */
#pragma once

#include <glib.h>

typedef struct _QemuProps QemuProps;

/* Returns: the properties, or NULL for JSON that is not valid, which QEMU itself rejects. */
QemuProps *qemu_props_parse(const char *text, const char *implied_key);
void qemu_props_free(QemuProps *props);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProps, qemu_props_free)

/* Returns: the properties in the form in which they were parsed, a string or JSON; free with g_free(). */
char *qemu_props_format(QemuProps *props);

/**
 * qemu_props_get: Finds a property.
 * @ret_value: NULL, or gets the value, which @props owns; NULL if the property has no value or, in JSON, no string
 *
 * Returns: whether the property exists.
 */
gboolean qemu_props_get(QemuProps *props, const char *key, const char **ret_value);

/* Returns: whether the property exists with this value. */
gboolean qemu_props_equal(QemuProps *props, const char *key, const char *value);

/* Replaces key by new_key with the string value in the same position, or adds new_key at the end. */
void qemu_props_replace(QemuProps *props, const char *key, const char *new_key, const char *value);

/* Removes all properties with the key. */
void qemu_props_remove(QemuProps *props, const char *key);
