/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/json.h"

/* Returns: the depth of brackets outside of strings; any number for a text that is no JSON. */
static guint measure_depth(const char *text)
{
    guint depth = 0, deepest = 0;
    gboolean in_string = FALSE;

    for (const char *p = text; *p; p++) {
        if (*p == '"')
            in_string = !in_string;
        else if (in_string && *p == '\\' && p[1])
            p++;
        else if (!in_string && (*p == '{' || *p == '[')) {
            depth++;
            deepest = MAX(deepest, depth);
        } else if (!in_string && (*p == '}' || *p == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

JsonObject *qemu_json_parse(const char *text)
{
    g_autoptr(JsonParser) parser = NULL;
    JsonNode *root;

    if (measure_depth(text) > QEMU_JSON_DEPTH_MAX)
        return NULL;
    parser = json_parser_new();
    if (!json_parser_load_from_data(parser, text, -1, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_object_ref(json_node_get_object(root)) : NULL;
}

static JsonNode *get(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : NULL;
}

JsonObject *qemu_json_object(JsonObject *object, const char *name)
{
    JsonNode *node = get(object, name);

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *qemu_json_array(JsonObject *object, const char *name)
{
    JsonNode *node = get(object, name);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

const char *qemu_json_string(JsonObject *object, const char *name)
{
    JsonNode *node = get(object, name);

    return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

gint64 qemu_json_int(JsonObject *object, const char *name)
{
    JsonNode *node = get(object, name);
    GType type = node ? json_node_get_value_type(node) : G_TYPE_INVALID;

    if (type == G_TYPE_INT64)
        return json_node_get_int(node);
    return type == G_TYPE_BOOLEAN ? json_node_get_boolean(node) : -1;
}
