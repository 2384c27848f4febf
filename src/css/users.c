/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/users.h"

#include <string.h>

#include "css/dependents.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/layers.h"
#include "css/mounts.h"
#include "css/sysfs.h"

struct _CssUsers {
    CssHost *host;
    GHashTable *mounts;     /* "94:1" -> GPtrArray of mount points */
    GHashTable *swaps;      /* set of such numbers */
    GHashTable *below;      /* set of numbers and names of block devices below a loop device or a btrfs of several */
    GHashTable *guests;     /* the caller's; NULL: no domains are known */
    GHashTable *dependents; /* bus id -> GPtrArray of CssUser */
    gboolean has_mounts;    /* the mounts could be read */
};

CssUser *css_user_new(CssUserKind kind, const char *part, const char *name)
{
    CssUser *user = g_new0(CssUser, 1);

    user->kind = kind;
    user->part = g_strdup(part);
    user->name = g_strdup(name);
    return user;
}

void css_user_free(CssUser *user)
{
    g_free(user->part);
    g_free(user->name);
    g_free(user);
}

static void add_mount(CssUsers *users, const char *key, const char *where)
{
    GPtrArray *all = g_hash_table_lookup(users->mounts, key);

    if (!all) {
        all = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(users->mounts, g_strdup(key), all);
    }
    if (!g_ptr_array_find_with_equal_func(all, where, g_str_equal, NULL))
        g_ptr_array_add(all, g_strdup(where));
}

static gboolean read_mount(const CssMount *mount, gpointer data)
{
    add_mount(data, mount->dev, mount->where);
    return FALSE;
}

static void read_swaps(CssUsers *users)
{
    g_autoptr(GArray) swaps = css_swaps(users->host);

    for (guint i = 0; i < swaps->len; i++)
        g_hash_table_add(users->swaps, g_strdup(g_array_index(swaps, CssSwap, i).dev));
}

/* Loop devices are in no holders folder; those of device mapper and md are. */
static void read_loops(CssUsers *users)
{
    g_autofree char *blocks = css_host_path(users->host, "class/block");
    g_autoptr(GPtrArray) names = css_sysfs_names(blocks);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *loop = g_build_filename(blocks, names->pdata[i], "loop", NULL);
        g_autofree char *file = g_str_has_prefix(names->pdata[i], "loop") ? css_sysfs_attr(loop, "backing_file") : NULL;
        char *number = file ? css_host_block_dev(users->host, file) : NULL;

        if (number)
            g_hash_table_add(users->below, number);
    }
}

static void read_btrfs(CssUsers *users)
{
    g_autofree char *btrfs = css_host_path(users->host, "fs/btrfs");
    g_autoptr(GPtrArray) uuids = css_sysfs_names(btrfs);

    for (guint i = 0; i < uuids->len; i++) {
        g_autofree char *devices = g_build_filename(btrfs, uuids->pdata[i], "devices", NULL);
        g_autoptr(GPtrArray) names = css_sysfs_names(devices);

        for (guint n = 0; names->len > 1 && n < names->len; n++)
            g_hash_table_add(users->below, g_strdup(names->pdata[n]));
    }
}

static gboolean read_dependent(const CssDependent *dependent, gpointer data)
{
    CssUsers *users = data;
    const CcwBusId *through = &dependent->through;
    GPtrArray *all = g_hash_table_lookup(users->dependents, through);

    if (!all) {
        all = g_ptr_array_new_with_free_func((GDestroyNotify)css_user_free);
        g_hash_table_insert(users->dependents, g_memdup2(through, sizeof(*through)), all);
    }
    g_ptr_array_add(
        all, css_user_new(dependent->kind == CSS_DEPENDENT_NET ? CSS_USER_NET : CSS_USER_DISK, NULL, dependent->name));
    return FALSE;
}

CssUsers *css_users_new(CssHost *host)
{
    CssUsers *users = g_new0(CssUsers, 1);

    users->host = host;
    users->mounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    users->swaps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    users->below = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    users->has_mounts = css_mounts_search_own(host, read_mount, users, NULL);
    read_swaps(users);
    read_loops(users);
    read_btrfs(users);
    users->dependents =
        g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    css_dependents_search(host, read_dependent, users);
    return users;
}

void css_users_free(CssUsers *users)
{
    if (!users)
        return;
    g_hash_table_unref(users->mounts);
    g_hash_table_unref(users->swaps);
    g_hash_table_unref(users->below);
    g_hash_table_unref(users->dependents);
    g_free(users);
}

gboolean css_users_know_mounts(const CssUsers *users)
{
    return users->has_mounts;
}

void css_users_tell_guests(CssUsers *users, GHashTable *guests)
{
    users->guests = guests;
}

static void add_guest(CssUsers *users, const char *part, const char *number, const char *node, GPtrArray *found)
{
    const char *name = users->guests && number ? g_hash_table_lookup(users->guests, number) : NULL;

    if (!name && users->guests && node)
        name = g_hash_table_lookup(users->guests, node);
    if (name)
        g_ptr_array_add(found, css_user_new(CSS_USER_DOMAIN, part, name));
}

/* node: the path that libvirt may have for the disk */
static void add_mounts(CssUsers *users, const char *part, const char *number, const char *node, GPtrArray *found)
{
    GPtrArray *mounts = number ? g_hash_table_lookup(users->mounts, number) : NULL;

    for (guint i = 0; mounts && i < mounts->len; i++)
        g_ptr_array_add(found, css_user_new(CSS_USER_MOUNT, part, mounts->pdata[i]));
    if (number && g_hash_table_contains(users->swaps, number))
        g_ptr_array_add(found, css_user_new(CSS_USER_SWAP, part, NULL));
    add_guest(users, part, number, node, found);
}

/* Adds the users of the disk or a partition. Returns TRUE if another block device is built on it. */
static gboolean add_partition(CssUsers *users, const char *part, const char *dir, GPtrArray *found)
{
    g_autofree char *number = css_sysfs_attr(dir, "dev");
    g_autofree char *node = g_strconcat("/dev/", part, NULL);
    g_autofree char *holders = g_build_filename(dir, "holders", NULL);
    g_autoptr(GPtrArray) names = css_sysfs_names(holders);

    add_mounts(users, part, number, node, found);
    return names->len > 0 || g_hash_table_contains(users->below, part) ||
           (number && g_hash_table_contains(users->below, number));
}

static void add_layers(CssUsers *users, const CssDevice *device, GPtrArray *found)
{
    g_autoptr(GPtrArray) layers = css_layers_new(users->host, device->block_dir, CSS_LAYERS_WITH_LOOPS);

    for (guint i = 0; i < layers->len; i++) {
        const CssLayer *layer = layers->pdata[i];
        const char *part = css_layer_bottom(layer)->name;
        g_autofree char *node = layer->mapped ? g_strdup(layer->mapped) : g_strconcat("/dev/", layer->name, NULL);

        if (!layer->on)
            continue;
        g_ptr_array_add(found, css_user_new(CSS_USER_HOLDER, part, layer->what));
        add_mounts(users, part, layer->dev, node, found);
    }
}

static void add_group(CssUsers *users, const CssDevice *device, GPtrArray *found)
{
    g_autofree char *group = css_device_group(users->host, &device->bus_id);

    if (group)
        g_ptr_array_add(found, css_user_new(CSS_USER_GROUP, NULL, group));
}

static void add_dependents(CssUsers *users, const CssDevice *device, GPtrArray *found)
{
    const GPtrArray *all = g_hash_table_lookup(users->dependents, &device->bus_id);

    for (guint i = 0; all && i < all->len; i++) {
        const CssUser *user = all->pdata[i];

        g_ptr_array_add(found, css_user_new(user->kind, NULL, user->name));
    }
}

GPtrArray *css_users_of(CssUsers *users, const CssDevice *device)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)css_user_free);
    g_autoptr(GPtrArray) names = NULL;
    gboolean is_below;

    if (device->online >= 0)
        add_group(users, device, found);
    add_dependents(users, device, found);
    if (!device->block_dir)
        return found;
    is_below = add_partition(users, device->block, device->block_dir, found);
    names = css_sysfs_dirs(device->block_dir);
    for (guint i = 0; i < names->len; i++) { /* a partition's name begins with the disk's */
        g_autofree char *dir = g_build_filename(device->block_dir, names->pdata[i], NULL);

        if (g_str_has_prefix(names->pdata[i], device->block) && css_sysfs_has(dir, "partition"))
            is_below |= add_partition(users, names->pdata[i], dir, found);
    }
    if (is_below) /* add_layers() reads all block devices, which takes long */
        add_layers(users, device, found);
    return found;
}
