/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw list: the host's channel devices, and who uses them. This file finds out; list-*.c show it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "css/device.h"
#include "dasd/dasd-volser.h"
#include "hook/status.h"
#include "hostdev/journal.h"
#include "list.h"
#include "util/error.h"

typedef struct {
    gboolean json, is_long, used, unused, no_hint;
    char *sysfs_root, *proc_root, *dev_dir, *run_dir, *status_dir;
} Options;

static void row_clear(gpointer data)
{
    ListRow *row = data;

    g_ptr_array_unref(row->users);
}

/* names: of domains. libvirt itself, which may be busy or want a password, is not asked. */
static void add_owner(ListRow *row, GHashTable *names)
{
    const char *owner = row->device->owner;
    const char *name = g_hash_table_lookup(names, owner);
    CcwDeviceUser *user;

    if (row->device->returning)
        user = ccw_device_user_new(LIST_USER_RETURNING, NULL, NULL);
    else if (strcmp(owner, CCW_OWNER_BY_HAND) == 0)
        user = ccw_device_user_new(LIST_USER_DETACHED, NULL, NULL);
    else if (strcmp(owner, "?") == 0)
        user = ccw_device_user_new(LIST_USER_UNKNOWN, NULL, NULL);
    else if (g_str_has_prefix(owner, CCW_OWNER_QEMU_CCW))
        user = ccw_device_user_new(LIST_USER_QEMU_CCW, NULL, owner + strlen(CCW_OWNER_QEMU_CCW));
    else
        user = ccw_device_user_new(LIST_USER_DOMAIN, NULL, name ? name : owner);
    g_ptr_array_insert(row->users, 0, user);
}

/* Guests in libvirt's status files, also those with managed='no', which the journal does not name. */
static void add_guests(ListRow *row, GHashTable *guests)
{
    for (gsize m = 0; row->device->mdevs[m]; m++) {
        g_autofree char *uuid = g_ascii_strdown(row->device->mdevs[m], -1);
        const char *name = g_hash_table_lookup(guests, uuid);
        const CcwDeviceUser *first = row->users->len ? row->users->pdata[0] : NULL;

        if (name && !(first && strcmp(first->kind, LIST_USER_DOMAIN) == 0))
            g_ptr_array_insert(row->users, 0, ccw_device_user_new(LIST_USER_DOMAIN, NULL, name));
    }
}

/* guests: names of domains, by what they have */
static GArray *rows_of(CcwUsers *users, GHashTable *guests, const GPtrArray *devices, const Options *options)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(ListRow));
    g_autoptr(GHashTable) names = NULL;

    g_array_set_clear_func(rows, row_clear);
    for (guint i = 0; i < devices->len; i++) {
        const CcwHostDevice *device = devices->pdata[i];
        ListRow row = { .device = device, .users = ccw_users_of(users, device) };

        if (device->owner && !names)
            names = ccw_status_names(options->status_dir, options->proc_root);
        if (device->owner)
            add_owner(&row, names);
        for (gsize m = 0; !device->owner && device->mdevs[m]; m++)
            g_ptr_array_add(row.users, ccw_device_user_new(LIST_USER_MDEV, NULL, device->mdevs[m]));
        if (device->mdevs[0])
            add_guests(&row, guests);
        if (row.users->len ? options->unused : options->used)
            row_clear(&row);
        else
            g_array_append_val(rows, row);
    }
    return rows;
}

/* Those that were named, looked for one by one; all if none was. */
static GPtrArray *look_up(CcwHost *host, char **names, GError **error)
{
    g_autoptr(GPtrArray) devices = NULL;

    if (!names[0])
        return ccw_host_list(host, error);
    devices = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_host_device_free);
    for (gsize i = 0; names[i]; i++) {
        CcwHostDevice *device = cmd_find_device(host, names[i], error);

        if (!device)
            return NULL;
        g_ptr_array_add(devices, device);
    }
    return g_steal_pointer(&devices);
}

/* The same, with their owners. */
static GPtrArray *find_devices(CcwHost *host, char **names, GError **error)
{
    GPtrArray *devices = look_up(host, names, error);

    for (guint i = 0; devices && i < devices->len; i++)
        ccw_owner_read(host, devices->pdata[i]);
    return devices;
}

/* Only what the kernel says can be read. */
static gboolean is_readable(const CcwHostDevice *device)
{
    return device->block_dir && device->online == 1 &&
           (!device->availability || strcmp(device->availability, "good") == 0);
}

static void read_volsers(GArray *rows, const char *dev_dir)
{
    g_autofree DasdDisk *disks = g_new0(DasdDisk, rows->len);

    for (guint i = 0; i < rows->len; i++) {
        const CcwHostDevice *device = g_array_index(rows, ListRow, i).device;

        if (is_readable(device))
            disks[i] = (DasdDisk){ .block = device->block, .block_dir = device->block_dir };
    }
    dasd_volser_read(disks, rows->len, dev_dir);
    for (guint i = 0; i < rows->len; i++)
        memcpy(g_array_index(rows, ListRow, i).volser, disks[i].volser, sizeof(disks[i].volser));
}

/* The first disk that is not in use. */
static const CcwHostDevice *find_free(const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        const ListRow *row = &g_array_index(rows, ListRow, i);

        if (!row->users->len && !row->device->alias && g_strcmp0(row->device->device_driver, "dasd-eckd") == 0 &&
            g_strcmp0(row->device->availability, "good") == 0)
            return row->device;
    }
    return NULL;
}

/* The first that has not come back to this host. */
static const CcwHostDevice *find_returning(const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++)
        if (g_array_index(rows, ListRow, i).device->returning)
            return g_array_index(rows, ListRow, i).device;
    return NULL;
}

/* What to do next, a line; NULL if there is nothing to say. */
static char *hint_for(const GArray *rows, const char *proc_root)
{
    const CcwHostDevice *returning = find_returning(rows);
    const CcwHostDevice *device = find_free(rows);
    g_autofree char *path = g_build_filename(proc_root, "cio_ignore", NULL);
    g_autofree char *hidden = NULL;

    if (returning)
        return g_strdup_printf("%x.%x.%04x is being released to this host: 'virt-ccw reconcile' continues, and says "
                               "what prevents it.\n",
                               returning->bus_id.cssid, returning->bus_id.ssid, returning->bus_id.devno);
    if (device)
        return g_strdup_printf(
            "%x.%x.%04x is not in use: <hostdev mode='subsystem' type='ccw' managed='yes'> gives it to "
            "a guest ('virsh attach-device').\n",
            device->bus_id.cssid, device->bus_id.ssid, device->bus_id.devno);
    if (!rows->len && g_file_get_contents(path, &hidden, NULL, NULL) && *g_strstrip(hidden))
        return g_strdup("The kernel hides devices: 'cio_ignore -l' shows which, 'cio_ignore -r' lets them in.\n");
    return NULL;
}

static int list(const Options *options, char **names)
{
    g_autoptr(CcwHost) host = ccw_host_new(options->sysfs_root, options->proc_root, options->run_dir);
    GError *error = NULL;
    g_autoptr(GPtrArray) devices = find_devices(host, names, &error);
    g_autoptr(GHashTable) guests = NULL;
    g_autoptr(CcwUsers) users = NULL;
    g_autoptr(GArray) rows = NULL;
    g_autofree char *text = NULL;
    g_autofree char *hint = NULL;

    if (!devices)
        return cmd_fail(error);
    ccw_host_set_dev_root(host, options->dev_dir);
    users = ccw_users_new(host);
    if (!ccw_users_know_mounts(users))
        g_printerr("%s: warning: cannot read %s/self/mountinfo: what is mounted is not shown\n", g_get_prgname(),
                   options->proc_root);
    if (!ccw_host_can_read_owners(host))
        g_printerr("%s: warning: cannot read the journal in %s: the domains that own devices are shown to root alone\n",
                   g_get_prgname(), options->run_dir);
    guests = ccw_status_uses(options->status_dir, options->proc_root);
    ccw_users_tell_guests(users, guests);
    rows = rows_of(users, guests, devices, options);
    read_volsers(rows, options->dev_dir);
    text = options->json ? list_json(rows) : list_table(rows, options->is_long);
    fputs(text, stdout);
    if (!options->json && !options->no_hint && ccw_users_know_mounts(users) && isatty(STDOUT_FILENO))
        hint = hint_for(rows, options->proc_root);
    if (hint)
        printf("\n%s", hint);
    return CMD_OK;
}

int cmd_list(int argc, char **argv)
{
    Options options = { 0 };
    const GOptionEntry entries[] = {
        { "long", 'l', 0, G_OPTION_ARG_NONE, &options.is_long, "Show path masks and mediated devices, too", NULL },
        { "used", 'u', 0, G_OPTION_ARG_NONE, &options.used, "Show only devices that are in use", NULL },
        { "free", 'f', 0, G_OPTION_ARG_NONE, &options.unused, "Show only devices that are not in use", NULL },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &options.json, "Print a JSON array", NULL },
        { "no-hint", 0, 0, G_OPTION_ARG_NONE, &options.no_hint, "Do not print a hint about the next step", NULL },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &options.sysfs_root, "Take DIR for /sys", "DIR" },
        { "proc-root", 0, 0, G_OPTION_ARG_FILENAME, &options.proc_root, "Take DIR for /proc", "DIR" },
        { "dev-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.dev_dir, "Take DIR for /dev", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.run_dir, "Read the journal in DIR, not in " CCW_HOST_RUN_DIR,
          "DIR" },
        { "status-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.status_dir,
          "Read the names of running domains in DIR, not in " CCW_STATUS_DIR, "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    const struct {
        char **option;
        const char *value;
    } defaults[] = {
        { &options.sysfs_root, CCW_HOST_SYSFS }, { &options.proc_root, "/proc" },         { &options.dev_dir, "/dev" },
        { &options.run_dir, CCW_HOST_RUN_DIR },  { &options.status_dir, CCW_STATUS_DIR },
    };
    int rc = cmd_options("[DEVICE...]", "Lists the channel devices of this host, and who uses them.", entries, FALSE,
                         &argc, &argv);

    if (rc < 0 && options.used && options.unused)
        rc = cmd_usage("give --used or --free, not both");
    for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
        if (!*defaults[i].option)
            *defaults[i].option = g_strdup(defaults[i].value);
    if (rc < 0)
        rc = list(&options, argv + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
        g_free(*defaults[i].option);
    return rc;
}
