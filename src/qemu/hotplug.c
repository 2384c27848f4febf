/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/hotplug.h"

#include "qemu/dialect.h"
#include "qemu/json.h"

gsize qemu_hotplug_measure(const char *text, gsize length)
{
    guint depth = 0;
    char quote = '\0';

    for (gsize i = 0; i < length; i++) {
        char c = text[i];

        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && (depth <= 1 || --depth == 0))
            return i + 1;
    }
    return 0;
}

/* Formats {"error": ..., "id": ...}, as QEMU does. */
static char *format_error(JsonObject *command, const char *message)
{
    g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), NULL);
    JsonObject *answer = json_object_new(), *what = json_object_new();
    g_autofree char *text = NULL;

    json_object_set_string_member(what, "class", "GenericError");
    json_object_set_string_member(what, "desc", message);
    json_object_set_object_member(answer, "error", what);
    if (json_object_has_member(command, "id"))
        json_object_set_member(answer, "id", json_object_dup_member(command, "id"));
    json_node_take_object(root, answer);
    text = json_to_string(root, FALSE);
    return g_strconcat(text, "\r\n", NULL);
}

static char *format(JsonObject *object)
{
    g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), object);

    return json_to_string(root, FALSE);
}

/* Returns: the arguments in the stock dialect, or NULL without an error if they are in this dialect already. */
static JsonObject *rewrite_arguments(const QemuHotplug *hotplug, JsonObject *arguments, GError **error)
{
    g_autofree char *text = format(arguments);
    g_autoptr(QemuProps) props = qemu_props_parse(text, "driver");
    g_autofree char *stock = NULL;
    gboolean is_series = FALSE;
    CcwBusId host;

    if (!props || !qemu_dialect_device_to_stock(props, hotplug->map_css, &is_series, &host, error) || !is_series ||
        !hotplug->check(&host, hotplug->data, error))
        return NULL;
    stock = qemu_props_format(props);
    return qemu_json_parse(stock);
}

char *qemu_hotplug_rewrite(const QemuHotplug *hotplug, const char *text, gboolean *ret_is_rejected)
{
    g_autoptr(JsonObject) command = qemu_json_parse(text), stock = NULL;
    JsonObject *arguments = qemu_json_object(command, "arguments");
    g_autoptr(GError) error = NULL;

    *ret_is_rejected = FALSE;
    if (!arguments || g_strcmp0(qemu_json_string(command, "execute"), "device_add") != 0 ||
        g_strcmp0(qemu_json_string(arguments, "driver"), "vfio-ccw") != 0)
        return g_strdup(text);
    stock = rewrite_arguments(hotplug, arguments, &error);
    if (error) {
        *ret_is_rejected = TRUE;
        return format_error(command, error->message);
    }
    if (!stock)
        return g_strdup(text);
    json_object_set_object_member(command, "arguments", g_steal_pointer(&stock));
    return format(command);
}
