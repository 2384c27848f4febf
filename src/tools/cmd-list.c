/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw list: shows the host's channel devices and their users. This file reads the options, and connects the
 * folders that know devices, domains and volumes; node_device/list.h makes the list.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd-table.h"
#include "commands.h"
#include "css/device.h"
#include "dasd/dasd-volser.h"
#include "hook/status.h"
#include "hostdev/journal.h"
#include "lab/lab-control.h"
#include "node_device/list.h"
#include "util/error.h"

typedef struct {
    gboolean is_json, is_long, is_used, is_free, has_only_owners, has_no_hint;
    char *sysfs_root, *proc_root, *dev_dir, *run_dir, *status_dir;
} Options;

static Options given;

/* names: of the devices to find; empty for all devices */
static GPtrArray *find_named(CssHost *host, char **names, GError **error)
{
    g_autoptr(GPtrArray) devices = NULL;

    if (!names[0])
        return css_host_list(host, error);
    devices = g_ptr_array_new_with_free_func((GDestroyNotify)css_device_free);
    for (gsize i = 0; names[i]; i++) {
        CssDevice *device = cmd_find_device(host, names[i], error);

        if (!device)
            return NULL;
        g_ptr_array_add(devices, device);
    }
    return g_steal_pointer(&devices);
}

/* Finds devices with their owners. */
static GPtrArray *find_devices(CssHost *host, char **names, GError **error)
{
    GPtrArray *devices = find_named(host, names, error);

    for (guint i = 0; devices && i < devices->len; i++)
        hostdev_owner_read(host, devices->pdata[i]);
    return devices;
}

/* Reads the serials from the labels of this host's disks. */
static void read_labels(GArray *rows, const char *dev_dir)
{
    g_autofree DasdDisk *disks = g_new0(DasdDisk, rows->len);

    for (guint i = 0; i < rows->len; i++) {
        const CssDevice *device = g_array_index(rows, NodedevListRow, i).device;

        if (nodedev_list_is_readable(device))
            disks[i] = (DasdDisk){ .block = device->block, .block_dir = device->block_dir };
    }
    dasd_volser_read(disks, rows->len, dev_dir);
    for (guint i = 0; i < rows->len; i++)
        if (*disks[i].volser)
            g_array_index(rows, NodedevListRow, i).volser = g_strdup(disks[i].volser);
}

/* A lab has no disks with a label: it reads the serials from the images of devices that are online or detached. */
static void ask_lab(GArray *rows)
{
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < rows->len && !error; i++) {
        NodedevListRow *row = &g_array_index(rows, NodedevListRow, i);
        char buf[CCW_BUS_ID_STR_LEN];

        if (nodedev_list_has_volume(row->device))
            row->volser =
                lab_control_ask_volser(LAB_CONTROL_SOCKET, ccw_bus_id_format(&row->device->bus_id, buf), &error);
    }
}

static void read_volsers(GArray *rows, const Options *options)
{
    if (strcmp(options->sysfs_root, CSS_HOST_SYSFS) == 0 && access(LAB_CONTROL_SOCKET, F_OK) == 0)
        ask_lab(rows);
    else
        read_labels(rows, options->dev_dir);
    for (guint i = 0; i < rows->len; i++) {
        NodedevListRow *row = &g_array_index(rows, NodedevListRow, i);

        if (!row->volser)
            row->volser = g_strdup(row->device->found_volser);
    }
}

/* Returns: the names of running domains, by UUID; it reads none if no device has an owner. */
static GHashTable *read_names(const GPtrArray *devices, const Options *options)
{
    for (guint i = 0; i < devices->len; i++)
        if (((const CssDevice *)devices->pdata[i])->owner)
            return hook_status_names(options->status_dir, options->proc_root);
    return g_hash_table_new(g_str_hash, g_str_equal);
}

static void warn_of_missing(CssHost *host, const CssUsers *users, const Options *options)
{
    if (!css_users_know_mounts(users))
        cmd_warning("cannot read %s/self/mountinfo: what is mounted is not shown", options->proc_root);
    if (!hostdev_can_read_owners(host))
        cmd_warning("cannot read the journal in %s: only root can see the domains that own devices", options->run_dir);
}

static int list(const Options *options, char **names)
{
    g_autoptr(CssHost) host = css_host_new(options->sysfs_root, options->proc_root, options->run_dir);
    GError *error = NULL;
    g_autoptr(GPtrArray) devices = find_devices(host, names, &error);
    g_autoptr(GHashTable) guests = NULL;
    g_autoptr(GHashTable) names_of_domains = NULL;
    const NodedevListFilter filter = options->is_used   ? NODEDEV_LIST_USED
                                     : options->is_free ? NODEDEV_LIST_FREE
                                                        : NODEDEV_LIST_ALL;
    g_autoptr(CssUsers) users = NULL;
    g_autoptr(GArray) rows = NULL;
    g_autofree char *text = NULL;
    g_autofree char *hint = NULL;

    if (!devices)
        return cmd_fail(error);
    css_host_set_dev_root(host, options->dev_dir);
    users = css_users_new(host);
    warn_of_missing(host, users, options);
    guests = hook_status_uses(options->status_dir, options->proc_root);
    css_users_tell_guests(users, guests);
    names_of_domains = read_names(devices, options);
    rows = nodedev_list_new(devices, users, names_of_domains, guests, filter);
    read_volsers(rows, options);
    text = options->is_json ? nodedev_list_json(rows) : nodedev_list_table(rows, options->is_long);
    fputs(text, stdout);
    if (!options->is_json && !options->has_no_hint && !cmd_is_quiet && css_users_know_mounts(users) &&
        isatty(STDOUT_FILENO))
        hint = nodedev_list_hint(rows, options->proc_root);
    if (hint)
        printf("\n%s", hint);
    return CMD_OK;
}

static int list_owners(const Options *options)
{
    g_autoptr(CssHost) host = css_host_new(options->sysfs_root, options->proc_root, options->run_dir);
    GError *error = NULL;
    g_autofree char *text = hostdev_owners_to_text(host, &error);

    if (!text)
        return cmd_fail(error);
    fputs(text, stdout);
    return CMD_OK;
}

static const GOptionEntry options[] = {
    { "long", 'l', 0, G_OPTION_ARG_NONE, &given.is_long, "Show path masks and mediated devices, too", NULL },
    { "used", 'u', 0, G_OPTION_ARG_NONE, &given.is_used, "Show only devices that are in use", NULL },
    { "free", 'f', 0, G_OPTION_ARG_NONE, &given.is_free, "Show only devices that are not in use", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &given.is_json, "Print a JSON array", NULL },
    { "owners", 0, 0, G_OPTION_ARG_NONE, &given.has_only_owners, "Only print the owner of each device in the journal",
      NULL },
    { "no-hint", 0, 0, G_OPTION_ARG_NONE, &given.has_no_hint, "Do not print a hint about the next step", NULL },
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &given.sysfs_root, "Take DIR for /sys", "DIR" },
    { "proc-root", 0, 0, G_OPTION_ARG_FILENAME, &given.proc_root, "Take DIR for /proc", "DIR" },
    { "dev-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.dev_dir, "Take DIR for /dev", "DIR" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.run_dir, "Read the journal in DIR, not in " CSS_HOST_RUN_DIR,
      "DIR" },
    { "status-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.status_dir,
      "Read the names of running domains in DIR, not in " HOOK_STATUS_DIR, "DIR" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    const struct {
        char **option;
        const char *value;
    } defaults[] = {
        { &given.sysfs_root, CSS_HOST_SYSFS }, { &given.proc_root, "/proc" },          { &given.dev_dir, "/dev" },
        { &given.run_dir, CSS_HOST_RUN_DIR },  { &given.status_dir, HOOK_STATUS_DIR },
    };

    if (given.is_used && given.is_free)
        return cmd_usage("give --used or --free, not both");
    if (given.has_only_owners && (given.is_used || given.is_free || given.is_json || given.is_long || argc > 1))
        return cmd_usage("give --owners without devices, --used, --free, --json and --long");
    for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
        if (!*defaults[i].option)
            *defaults[i].option = g_strdup(defaults[i].value);
    return given.has_only_owners ? list_owners(&given) : list(&given, argv + 1);
}

const CmdCommand cmd_list = {
    .name = "list",
    .summary = "list the host's channel devices and their users",
    .description = "Lists the channel devices of this host, and who uses them.",
    .arguments = "[DEVICE...]",
    .options = options,
    .func = run,
};
