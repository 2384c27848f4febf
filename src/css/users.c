/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/users.h"

#include <string.h>

#include "css/beyond.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/mounts.h"
#include "css/stack.h"
#include "css/sysfs.h"

struct _CcwUsers {
    CcwHost *host;
    GHashTable *mounts; /* "94:1" -> GPtrArray of where */
    GHashTable *swaps;  /* a set of the same keys */
    GHashTable *below;  /* a set of them, and of names in sysfs: what a loop device or a btrfs of several is built on */
    GHashTable *guests; /* the caller's; NULL: none are known */
    GHashTable *beyond; /* bus id -> GPtrArray of CcwDeviceUser, for devices with such */
    gboolean know_mounts;
};

CcwDeviceUser *ccw_device_user_new(const char *kind, const char *part, const char *name)
{
    CcwDeviceUser *user = g_new0(CcwDeviceUser, 1);

    user->kind = kind;
    user->part = g_strdup(part);
    user->name = g_strdup(name);
    return user;
}

void ccw_device_user_free(CcwDeviceUser *user)
{
    g_free(user->part);
    g_free(user->name);
    g_free(user);
}

static void add_mount(CcwUsers *users, const char *key, const char *where)
{
    GPtrArray *all = g_hash_table_lookup(users->mounts, key);

    if (!all) {
        all = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(users->mounts, g_strdup(key), all);
    }
    if (!g_ptr_array_find_with_equal_func(all, where, g_str_equal, NULL))
        g_ptr_array_add(all, g_strdup(where));
}

static gboolean read_mount(const CcwMount *mount, gpointer data)
{
    add_mount(data, mount->dev, mount->where);
    return FALSE;
}

static void read_swaps(CcwUsers *users)
{
    g_autoptr(GArray) swaps = ccw_swaps(users->host);

    for (guint i = 0; i < swaps->len; i++)
        g_hash_table_add(users->swaps, g_strdup(g_array_index(swaps, CcwSwap, i).dev));
}

/* That has no holders, as what is built by device mapper or md has. */
static void read_loops(CcwUsers *users)
{
    g_autofree char *blocks = ccw_host_path(users->host, "class/block");
    g_autoptr(GPtrArray) names = ccw_sysfs_names(blocks);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *loop = g_build_filename(blocks, names->pdata[i], "loop", NULL);
        g_autofree char *file = g_str_has_prefix(names->pdata[i], "loop") ? ccw_sysfs_attr(loop, "backing_file") : NULL;
        char *number = file ? ccw_host_block_dev(users->host, file) : NULL;

        if (number)
            g_hash_table_add(users->below, number);
    }
}

static void read_btrfs(CcwUsers *users)
{
    g_autofree char *btrfs = ccw_host_path(users->host, "fs/btrfs");
    g_autoptr(GPtrArray) uuids = ccw_sysfs_names(btrfs);

    for (guint i = 0; i < uuids->len; i++) {
        g_autofree char *devices = g_build_filename(btrfs, uuids->pdata[i], "devices", NULL);
        g_autoptr(GPtrArray) names = ccw_sysfs_names(devices);

        for (guint n = 0; names->len > 1 && n < names->len; n++)
            g_hash_table_add(users->below, g_strdup(names->pdata[n]));
    }
}

static gboolean read_beyond(const CcwBeyond *beyond, gpointer data)
{
    CcwUsers *users = data;
    GPtrArray *all = g_hash_table_lookup(users->beyond, &beyond->through);

    if (!all) {
        all = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_device_user_free);
        g_hash_table_insert(users->beyond, g_memdup2(&beyond->through, sizeof(beyond->through)), all);
    }
    g_ptr_array_add(all, ccw_device_user_new(beyond->kind, NULL, beyond->name));
    return FALSE;
}

CcwUsers *ccw_users_new(CcwHost *host)
{
    CcwUsers *users = g_new0(CcwUsers, 1);

    users->host = host;
    users->mounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    users->swaps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    users->below = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    users->know_mounts = ccw_mounts_search_own(host, read_mount, users, NULL);
    read_swaps(users);
    read_loops(users);
    read_btrfs(users);
    users->beyond = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    ccw_beyond_search(host, read_beyond, users);
    return users;
}

void ccw_users_free(CcwUsers *users)
{
    if (!users)
        return;
    g_hash_table_unref(users->mounts);
    g_hash_table_unref(users->swaps);
    g_hash_table_unref(users->below);
    g_hash_table_unref(users->beyond);
    g_free(users);
}

gboolean ccw_users_know_mounts(const CcwUsers *users)
{
    return users->know_mounts;
}

void ccw_users_tell_guests(CcwUsers *users, GHashTable *guests)
{
    users->guests = guests;
}

static void add_guest(CcwUsers *users, const char *part, const char *number, const char *node, GPtrArray *found)
{
    const char *name = users->guests && number ? g_hash_table_lookup(users->guests, number) : NULL;

    if (!name && users->guests && node)
        name = g_hash_table_lookup(users->guests, node);
    if (name)
        g_ptr_array_add(found, ccw_device_user_new("domain", part, name));
}

/* node: by which libvirt may name it */
static void add_mounts(CcwUsers *users, const char *part, const char *number, const char *node, GPtrArray *found)
{
    GPtrArray *mounts = number ? g_hash_table_lookup(users->mounts, number) : NULL;

    for (guint i = 0; mounts && i < mounts->len; i++)
        g_ptr_array_add(found, ccw_device_user_new("mount", part, mounts->pdata[i]));
    if (number && g_hash_table_contains(users->swaps, number))
        g_ptr_array_add(found, ccw_device_user_new("swap", part, NULL));
    add_guest(users, part, number, node, found);
}

/* TRUE if another block device is built on it. */
static gboolean add_part(CcwUsers *users, const char *part, const char *dir, GPtrArray *found)
{
    g_autofree char *number = ccw_sysfs_attr(dir, "dev");
    g_autofree char *node = g_strconcat("/dev/", part, NULL);
    g_autofree char *holders = g_build_filename(dir, "holders", NULL);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(holders);

    add_mounts(users, part, number, node, found);
    return names->len > 0 || g_hash_table_contains(users->below, part) ||
           (number && g_hash_table_contains(users->below, number));
}

static void add_stack(CcwUsers *users, const CcwHostDevice *device, GPtrArray *found)
{
    g_autoptr(GPtrArray) stack = ccw_stack_new(users->host, device->block_dir, CCW_STACK_WITH_LOOPS);

    for (guint i = 0; i < stack->len; i++) {
        const CcwLayer *layer = stack->pdata[i];
        const char *part = ccw_layer_bottom(layer)->name;
        g_autofree char *node = layer->mapped ? g_strdup(layer->mapped) : g_strconcat("/dev/", layer->name, NULL);

        if (!layer->on)
            continue;
        g_ptr_array_add(found, ccw_device_user_new("holder", part, layer->what));
        add_mounts(users, part, layer->dev, node, found);
    }
}

static void add_group(CcwUsers *users, const CcwHostDevice *device, GPtrArray *found)
{
    g_autofree char *group = ccw_device_group(users->host, &device->bus_id);

    if (group)
        g_ptr_array_add(found, ccw_device_user_new("group", NULL, group));
}

static void add_beyond(CcwUsers *users, const CcwHostDevice *device, GPtrArray *found)
{
    const GPtrArray *all = g_hash_table_lookup(users->beyond, &device->bus_id);

    for (guint i = 0; all && i < all->len; i++) {
        const CcwDeviceUser *user = all->pdata[i];

        g_ptr_array_add(found, ccw_device_user_new(user->kind, NULL, user->name));
    }
}

GPtrArray *ccw_users_of(CcwUsers *users, const CcwHostDevice *device)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_device_user_free);
    g_autoptr(GPtrArray) names = NULL;
    gboolean is_below;

    if (device->online >= 0)
        add_group(users, device, found);
    add_beyond(users, device, found);
    if (!device->block_dir)
        return found;
    is_below = add_part(users, device->block, device->block_dir, found);
    names = ccw_sysfs_dirs(device->block_dir);
    for (guint i = 0; i < names->len; i++) { /* a partition's name begins with the disk's */
        g_autofree char *dir = g_build_filename(device->block_dir, names->pdata[i], NULL);

        if (g_str_has_prefix(names->pdata[i], device->block) && ccw_sysfs_has(dir, "partition"))
            is_below |= add_part(users, names->pdata[i], dir, found);
    }
    if (is_below) /* which looks through all block devices */
        add_stack(users, device, found);
    return found;
}
