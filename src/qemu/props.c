/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/props.h"

#include <string.h>

#include "qemu/json.h"
#include "qemu/option.h"

struct _CcwProps {
    GPtrArray *options; /* of CcwOption; NULL: it is JSON */
    JsonObject *object;
};

CcwProps *ccw_props_parse(const char *text, const char *implied_key)
{
    g_autoptr(CcwProps) props = g_new0(CcwProps, 1);

    if (text[0] != '{') {
        props->options = ccw_options_parse(text, implied_key);
        return g_steal_pointer(&props);
    }
    props->object = ccw_json_parse(text);
    return props->object ? g_steal_pointer(&props) : NULL;
}

void ccw_props_free(CcwProps *props)
{
    if (!props)
        return;
    g_clear_pointer(&props->options, g_ptr_array_unref);
    g_clear_pointer(&props->object, json_object_unref);
    g_free(props);
}

char *ccw_props_format(CcwProps *props)
{
    g_autoptr(JsonNode) root = NULL;

    if (props->options)
        return ccw_options_format(props->options);
    root = json_node_init_object(json_node_alloc(), props->object);
    return json_to_string(root, FALSE);
}

gboolean ccw_props_get(CcwProps *props, const char *key, const char **ret_value)
{
    const char *value = NULL;

    if (props->options) {
        const CcwOption *option = ccw_options_find(props->options, key);

        if (!option)
            return FALSE;
        value = option->value;
    } else {
        JsonNode *node = json_object_get_member(props->object, key);

        if (!node)
            return FALSE;
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
            value = json_node_get_string(node);
    }
    if (ret_value)
        *ret_value = value;
    return TRUE;
}

gboolean ccw_props_equal(CcwProps *props, const char *key, const char *value)
{
    const char *found = NULL;

    return ccw_props_get(props, key, &found) && g_strcmp0(found, value) == 0;
}

/* JsonObject has no way to rename a member in its place: the object is built anew, without key where new_key is NULL.
 */
static void rebuild_json(CcwProps *props, const char *key, const char *new_key, const char *value)
{
    JsonObject *object = json_object_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    gboolean placed = new_key == NULL;

    json_object_iter_init_ordered(&iter, props->object);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (strcmp(name, key) != 0) {
            json_object_set_member(object, name, json_node_copy(node));
        } else if (new_key) {
            json_object_set_string_member(object, new_key, value);
            placed = TRUE;
        }
    }
    if (!placed)
        json_object_set_string_member(object, new_key, value);
    json_object_unref(props->object);
    props->object = object;
}

void ccw_props_replace(CcwProps *props, const char *key, const char *new_key, const char *value)
{
    if (props->options)
        ccw_options_replace(props->options, key, new_key, value);
    else
        rebuild_json(props, key, new_key, value);
}

void ccw_props_remove(CcwProps *props, const char *key)
{
    if (props->options)
        ccw_options_remove(props->options, key);
    else
        rebuild_json(props, key, NULL, NULL);
}
