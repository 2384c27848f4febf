/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list as JSON. Each key is an identifier: the word of lscss, "virt-ccw dasd info" and "virt-ccw trace". */
#include <json-glib/json-glib.h>
#include <string.h>

#include "css/device.h"
#include "node_device/list.h"

/* JSON needs UTF-8, but a mount point can be any bytes. */
static void add_value(JsonBuilder *builder, const char *value)
{
    g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;

    if (valid)
        json_builder_add_string_value(builder, valid);
    else
        json_builder_add_null_value(builder);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    add_value(builder, value);
}

static void add_strings(JsonBuilder *builder, const char *name, char **values)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (gsize i = 0; values[i]; i++)
        if (*values[i])
            add_value(builder, values[i]);
    json_builder_end_array(builder);
}

static void add_chpids(JsonBuilder *builder, const CssDevice *device)
{
    g_auto(GStrv) chpids = nodedev_list_chpids(device);

    add_strings(builder, "chpids", chpids);
}

/* paths: such as "80 80 ff" */
static void add_masks(JsonBuilder *builder, const char *paths)
{
    static const char *const names[] = { "pim", "pam", "pom" };
    g_auto(GStrv) masks = g_strsplit(paths ? paths : "", " ", -1);
    guint n = g_strv_length(masks);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        add_string(builder, names[i], i < n ? masks[i] : NULL);
}

static void add_users(JsonBuilder *builder, const GPtrArray *users)
{
    json_builder_set_member_name(builder, "in_use_by");
    json_builder_begin_array(builder);
    for (guint i = 0; i < users->len; i++) {
        const CssUser *user = users->pdata[i];

        json_builder_begin_object(builder);
        add_string(builder, "kind", nodedev_list_kind_name(user->kind));
        add_string(builder, "part", user->part);
        add_string(builder, "name", user->name);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_row(JsonBuilder *builder, const NodedevListRow *row)
{
    const CssDevice *device = row->device;
    g_autofree char *bus_id = ccw_bus_id_to_string(&device->bus_id);
    g_autofree char *subchannel = ccw_bus_id_to_string(&device->subchannel);

    json_builder_begin_object(builder);
    add_string(builder, "device", bus_id);
    add_string(builder, "subchannel", subchannel);
    add_string(builder, "devtype", g_strcmp0(device->devtype, "n/a") == 0 ? NULL : device->devtype);
    add_string(builder, "cutype", device->cutype);
    add_string(builder, "driver", device->device_driver);
    add_string(builder, "subchannel_driver", device->driver);
    json_builder_set_member_name(builder, "online");
    if (device->online < 0)
        json_builder_add_null_value(builder);
    else
        json_builder_add_boolean_value(builder, device->online);
    add_string(builder, "availability", device->availability);
    json_builder_set_member_name(builder, "alias");
    json_builder_add_boolean_value(builder, device->alias);
    add_chpids(builder, device);
    add_masks(builder, device->paths);
    add_string(builder, "block", device->block);
    add_string(builder, "volser", row->volser);
    add_strings(builder, "mdevs", device->mdevs);
    add_string(builder, "owner", device->owner);
    add_users(builder, row->users);
    json_builder_end_object(builder);
}

char *nodedev_list_json(const GArray *rows)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < rows->len; i++)
        add_row(builder, &g_array_index(rows, NodedevListRow, i));
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    return g_strconcat(text, "\n", NULL);
}
