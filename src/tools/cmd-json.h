/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints a command's answer as JSON, on standard output. */
#pragma once

#include <json-glib/json-glib.h>

/* Both free what they print. */
void cmd_print_json_object(JsonObject *object);
void cmd_print_json_array(JsonArray *array);
