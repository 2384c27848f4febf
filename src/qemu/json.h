/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One JSON object out of a text that others wrote. json-glib's parser recurses a level a bracket and has no bound of
 * its own before 1.10: here it gets one.
 */
#pragma once

#include <json-glib/json-glib.h>

#define CCW_JSON_DEPTH_MAX 32

/* NULL if the text is anything else than one object, or nests deeper than CCW_JSON_DEPTH_MAX. */
JsonObject *ccw_json_parse(const char *text);

/* A member of that type, or NULL: a member of another type counts as absent. Owned by object, which may be NULL. */
JsonObject *ccw_json_object(JsonObject *object, const char *name);
JsonArray *ccw_json_array(JsonObject *object, const char *name);
const char *ccw_json_string(JsonObject *object, const char *name);

/* A number or a boolean; -1 if there is none. */
gint64 ccw_json_int(JsonObject *object, const char *name);
