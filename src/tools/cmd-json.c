/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-json.h"

#include <stdio.h>

static void print(JsonNode *root)
{
    g_autofree char *text = json_to_string(root, TRUE);

    puts(text);
    json_node_unref(root);
}

void cmd_print_json_object(JsonObject *object)
{
    JsonNode *root = json_node_new(JSON_NODE_OBJECT);

    json_node_take_object(root, object);
    print(root);
}

void cmd_print_json_array(JsonArray *array)
{
    JsonNode *root = json_node_new(JSON_NODE_ARRAY);

    json_node_take_array(root, array);
    print(root);
}
