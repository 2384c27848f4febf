/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/props.h"

#include <string.h>

#include "qemu/json.h"
#include "qemu/option.h"

struct _QemuProps {
    GPtrArray *options; /* QemuOption; NULL: the properties are a JSON object */
    JsonObject *object;
};

QemuProps *qemu_props_parse(const char *text, const char *implied_key)
{
    g_autoptr(QemuProps) props = g_new0(QemuProps, 1);

    if (text[0] != '{') {
        props->options = qemu_options_parse(text, implied_key);
        return g_steal_pointer(&props);
    }
    props->object = qemu_json_parse(text);
    return props->object ? g_steal_pointer(&props) : NULL;
}

void qemu_props_free(QemuProps *props)
{
    if (!props)
        return;
    g_clear_pointer(&props->options, g_ptr_array_unref);
    g_clear_pointer(&props->object, json_object_unref);
    g_free(props);
}

char *qemu_props_format(QemuProps *props)
{
    g_autoptr(JsonNode) root = NULL;

    if (props->options)
        return qemu_options_format(props->options);
    root = json_node_init_object(json_node_alloc(), props->object);
    return json_to_string(root, FALSE);
}

gboolean qemu_props_get(QemuProps *props, const char *key, const char **ret_value)
{
    const char *value = NULL;

    if (props->options) {
        const QemuOption *option = qemu_options_find(props->options, key);

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

gboolean qemu_props_equal(QemuProps *props, const char *key, const char *value)
{
    const char *found = NULL;

    return qemu_props_get(props, key, &found) && g_strcmp0(found, value) == 0;
}

/* Makes a new object with key replaced, because JsonObject cannot rename a member. new_key: NULL removes key */
static void rebuild_json(QemuProps *props, const char *key, const char *new_key, const char *value)
{
    JsonObject *object = json_object_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    gboolean is_replaced = new_key == NULL;

    json_object_iter_init_ordered(&iter, props->object);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (strcmp(name, key) != 0) {
            json_object_set_member(object, name, json_node_copy(node));
        } else if (new_key) {
            json_object_set_string_member(object, new_key, value);
            is_replaced = TRUE;
        }
    }
    if (!is_replaced)
        json_object_set_string_member(object, new_key, value);
    json_object_unref(props->object);
    props->object = object;
}

void qemu_props_replace(QemuProps *props, const char *key, const char *new_key, const char *value)
{
    if (props->options)
        qemu_options_replace(props->options, key, new_key, value);
    else
        rebuild_json(props, key, new_key, value);
}

void qemu_props_remove(QemuProps *props, const char *key)
{
    if (props->options)
        qemu_options_remove(props->options, key);
    else
        rebuild_json(props, key, NULL, NULL);
}
