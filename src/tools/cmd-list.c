/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw list: the host's channel devices, in the words of lscss and lszdev, and which guest has them. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "node_device/ccw-host.h"

#define N_COLUMNS 10
static const char *const headings[N_COLUMNS] = {
    "DEVICE", "SUBCHAN", "DEVTYPE", "CUTYPE", "DRIVER", "ONLINE", "CHPIDS", "BLOCK", "MDEV", "OWNER",
};

/* "40 00 00 00 00 00 00 00" as lscss writes it: "40000000 00000000". */
static char *short_chpids(const char *chpids)
{
    g_auto(GStrv) parts = g_strsplit(chpids ? chpids : "", " ", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    guint n = 0;

    for (gsize i = 0; parts[i]; i++) {
        if (!*parts[i])
            continue;
        if (n++ == 4)
            g_string_append_c(text, ' ');
        g_string_append(text, parts[i]);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The ccw device's driver; while it is away, its subchannel's. */
static const char *driver_of(const CcwHostDevice *device)
{
    return device->device_driver ? device->device_driver : device->online < 0 ? device->driver : NULL;
}

/* What sysfs and the journal say is printed, nothing else: no control characters. */
static char *cell(const char *text)
{
    char *copy = g_strdup(text && *text ? text : "-");

    for (char *p = copy; *p; p++)
        if (g_ascii_iscntrl(*p))
            *p = '?';
    return copy;
}

static char **row_of(const CcwHostDevice *device)
{
    static const char *const online[] = { "-", "no", "yes" };
    g_autofree char *bus_id = ccw_bus_id_to_string(&device->bus_id);
    g_autofree char *subchannel = ccw_bus_id_to_string(&device->subchannel);
    g_autofree char *chpids = short_chpids(device->chpids);
    g_autofree char *mdevs = g_strjoinv(",", device->mdevs);
    const char *const texts[N_COLUMNS] = {
        bus_id, subchannel,    device->devtype, device->cutype, driver_of(device), online[device->online + 1],
        chpids, device->block, mdevs,           device->owner,
    };
    char **row = g_new0(char *, N_COLUMNS + 1);

    for (guint i = 0; i < N_COLUMNS; i++)
        row[i] = cell(texts[i]);
    return row;
}

static void print_row(const char *const *row, const gsize *widths)
{
    for (guint i = 0; i < N_COLUMNS - 1; i++)
        printf("%-*s  ", (int)widths[i], row[i]);
    printf("%s\n", row[N_COLUMNS - 1]);
}

static void print_table(GPtrArray *devices)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    gsize widths[N_COLUMNS];

    for (guint c = 0; c < N_COLUMNS; c++)
        widths[c] = strlen(headings[c]);
    for (guint i = 0; i < devices->len; i++) {
        char **row = row_of(devices->pdata[i]);

        g_ptr_array_add(rows, row);
        for (guint c = 0; c < N_COLUMNS; c++)
            widths[c] = MAX(widths[c], strlen(row[c]));
    }
    print_row(headings, widths);
    for (guint i = 0; i < rows->len; i++)
        print_row(rows->pdata[i], widths);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void add_strings(JsonBuilder *builder, const char *name, char **values)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (gsize i = 0; values[i]; i++)
        if (*values[i])
            json_builder_add_string_value(builder, values[i]);
    json_builder_end_array(builder);
}

static void add_device(JsonBuilder *builder, const CcwHostDevice *device)
{
    g_autofree char *bus_id = ccw_bus_id_to_string(&device->bus_id);
    g_autofree char *subchannel = ccw_bus_id_to_string(&device->subchannel);
    g_auto(GStrv) chpids = g_strsplit(device->chpids ? device->chpids : "", " ", -1);

    json_builder_begin_object(builder);
    add_string(builder, "device", bus_id);
    add_string(builder, "subchannel", subchannel);
    add_string(builder, "devtype", device->devtype);
    add_string(builder, "cutype", device->cutype);
    add_string(builder, "driver", device->device_driver);
    add_string(builder, "subchannel-driver", device->driver);
    json_builder_set_member_name(builder, "online");
    if (device->online < 0)
        json_builder_add_null_value(builder);
    else
        json_builder_add_boolean_value(builder, device->online);
    add_strings(builder, "chpids", chpids);
    add_string(builder, "block", device->block);
    add_strings(builder, "mdevs", device->mdevs);
    add_string(builder, "owner", device->owner);
    json_builder_end_object(builder);
}

static void print_json(GPtrArray *devices)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < devices->len; i++)
        add_device(builder, devices->pdata[i]);
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

int cmd_list(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *sysfs_root = NULL;
    g_autofree char *run_dir = NULL;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON array", NULL },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "Read the journal in DIR, not in " CCW_HOST_RUN_DIR,
          "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(CcwHost) host = NULL;
    g_autoptr(GPtrArray) devices = NULL;
    GError *error = NULL;
    int rc = cmd_options(NULL, "Lists the channel devices of this host, and which guest has them.", entries, FALSE,
                         &argc, &argv);

    if (rc >= 0)
        return rc;
    if (argc > 1)
        return cmd_usage("unexpected argument '%s'", argv[1]);
    host = ccw_host_new(sysfs_root ? sysfs_root : CCW_HOST_SYSFS, "/proc", run_dir ? run_dir : CCW_HOST_RUN_DIR);
    devices = ccw_host_list(host, &error);
    if (!devices)
        return cmd_fail(error);
    (json ? print_json : print_table)(devices);
    return CMD_OK;
}
