/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/list.h"

#include <string.h>

#include "css/device.h"
#include "hostdev/journal.h"

static void row_clear(gpointer data)
{
    NodedevListRow *row = data;

    g_free(row->volser);
    g_ptr_array_unref(row->users);
}

/* Adds the owner of the journal. The names do not come from libvirt, which may be busy or need a password. */
static void add_owner(NodedevListRow *row, GHashTable *names)
{
    const char *owner = row->device->owner;
    const char *name = g_hash_table_lookup(names, owner);
    CssUser *user;

    if (row->device->is_releasing)
        user = css_user_new(CSS_USER_RELEASING, NULL, NULL);
    else if (strcmp(owner, HOSTDEV_OWNER_DETACHED) == 0)
        user = css_user_new(CSS_USER_DETACHED, NULL, NULL);
    else if (strcmp(owner, "?") == 0)
        user = css_user_new(CSS_USER_UNKNOWN, NULL, NULL);
    else if (hostdev_owner_kind(owner) == HOSTDEV_OWNER_QEMU_CCW)
        user = css_user_new(CSS_USER_QEMU_CCW, NULL, owner + strlen(HOSTDEV_QEMU_CCW_PREFIX));
    else
        user = css_user_new(CSS_USER_DOMAIN, NULL, name ? name : owner);
    g_ptr_array_insert(row->users, 0, user);
}

/* Adds the guests that have the device, unless the owner is a domain already. */
static void add_guests(NodedevListRow *row, GHashTable *guests)
{
    for (gsize m = 0; row->device->mdevs[m]; m++) {
        g_autofree char *uuid = g_ascii_strdown(row->device->mdevs[m], -1);
        const char *name = g_hash_table_lookup(guests, uuid);
        const CssUser *first = row->users->len ? row->users->pdata[0] : NULL;

        if (name && !(first && first->kind == CSS_USER_DOMAIN))
            g_ptr_array_insert(row->users, 0, css_user_new(CSS_USER_DOMAIN, NULL, name));
    }
}

GArray *nodedev_list_new(const GPtrArray *devices, CssUsers *users, GHashTable *names, GHashTable *guests,
                         NodedevListFilter filter)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(NodedevListRow));

    g_array_set_clear_func(rows, row_clear);
    for (guint i = 0; i < devices->len; i++) {
        const CssDevice *device = devices->pdata[i];
        NodedevListRow row = { .device = device, .users = css_users_of(users, device) };

        if (device->owner)
            add_owner(&row, names);
        for (gsize m = 0; !device->owner && device->mdevs[m]; m++)
            g_ptr_array_add(row.users, css_user_new(CSS_USER_MDEV, NULL, device->mdevs[m]));
        if (device->mdevs[0])
            add_guests(&row, guests);
        if (filter == (row.users->len ? NODEDEV_LIST_FREE : NODEDEV_LIST_USED))
            row_clear(&row);
        else
            g_array_append_val(rows, row);
    }
    return rows;
}

static gboolean is_good(const CssDevice *device)
{
    return !device->availability || strcmp(device->availability, "good") == 0;
}

gboolean nodedev_list_is_readable(const CssDevice *device)
{
    return device->block_dir && device->online == 1 && is_good(device);
}

gboolean nodedev_list_has_volume(const CssDevice *device)
{
    return device->online == 1 ? is_good(device) && !device->alias
                               : device->online < 0 && g_strcmp0(device->driver, CSS_DRIVER_VFIO) == 0;
}

/* Returns: the first good disk that is not in use. */
static const CssDevice *find_free(const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        const NodedevListRow *row = &g_array_index(rows, NodedevListRow, i);

        if (!row->users->len && !row->device->alias && g_strcmp0(row->device->device_driver, "dasd-eckd") == 0 &&
            g_strcmp0(row->device->availability, "good") == 0)
            return row->device;
    }
    return NULL;
}

/* Returns: the first device that is being released. */
static const CssDevice *find_releasing(const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++)
        if (g_array_index(rows, NodedevListRow, i).device->is_releasing)
            return g_array_index(rows, NodedevListRow, i).device;
    return NULL;
}

char *nodedev_list_hint(const GArray *rows, const char *proc_root)
{
    const CssDevice *releasing = find_releasing(rows);
    const CssDevice *device = find_free(rows);
    g_autofree char *path = g_build_filename(proc_root, "cio_ignore", NULL);
    g_autofree char *hidden = NULL;

    if (releasing)
        return g_strdup_printf("%x.%x.%04x is being released to this host: 'virt-ccw reconcile' continues, and says "
                               "what prevents it.\n",
                               releasing->bus_id.cssid, releasing->bus_id.ssid, releasing->bus_id.devno);
    if (device)
        return g_strdup_printf(
            "%x.%x.%04x is not in use: <hostdev mode='subsystem' type='ccw' managed='yes'> gives it to "
            "a guest ('virsh attach-device').\n",
            device->bus_id.cssid, device->bus_id.ssid, device->bus_id.devno);
    if (!rows->len && g_file_get_contents(path, &hidden, NULL, NULL) && *g_strstrip(hidden))
        return g_strdup("The kernel hides devices: 'cio_ignore -l' shows which, 'cio_ignore -r' lets them in.\n");
    return NULL;
}
