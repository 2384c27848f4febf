/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parses one JSON object from hostile text, with a bound of its depth. json-glib's parser recurses for each bracket,
 * and has no bound before version 1.10.
 */
#pragma once

#include <json-glib/json-glib.h>

#define QEMU_JSON_DEPTH_MAX 32

/* Returns: the object, or NULL if the text is not one object, or deeper than QEMU_JSON_DEPTH_MAX. */
JsonObject *qemu_json_parse(const char *text);

/* Returns: the member, which object owns, or NULL if it is missing or of another type, or object is NULL. */
JsonObject *qemu_json_object(JsonObject *object, const char *name);
JsonArray *qemu_json_array(JsonObject *object, const char *name);
const char *qemu_json_string(JsonObject *object, const char *name);

/* Returns: a number, or 0 or 1 for a boolean; -1 if the member is missing or of another type. */
gint64 qemu_json_int(JsonObject *object, const char *name);
