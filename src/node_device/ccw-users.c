/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/ccw-users.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "node_device/ccw-host-private.h"

struct _CcwUsers {
    CcwHost *host;
    GHashTable *mounts; /* "94:1" or "/dev/dasda1" -> GPtrArray of where */
    GHashTable *swaps;  /* a set of the same keys */
};

CcwUser *ccw_user_new(const char *kind, const char *part, const char *name)
{
    CcwUser *user = g_new0(CcwUser, 1);

    user->kind = kind;
    user->part = g_strdup(part);
    user->name = g_strdup(name);
    return user;
}

void ccw_user_free(CcwUser *user)
{
    g_free(user->part);
    g_free(user->name);
    g_free(user);
}

/* "94:1" of a block device's node; NULL if it is none. */
static char *number_of(const char *path)
{
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/") || stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
        return NULL;
    return g_strdup_printf("%u:%u", major(st.st_rdev), minor(st.st_rdev));
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

/*
 * proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS". Some file
 * systems (btrfs) have a number of their own there: hence the source too, which may be a link.
 */
static void read_mount(CcwUsers *users, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields), dash = 6;
    g_autofree char *where = n >= 10 ? g_strcompress(fields[4]) : NULL;
    g_autofree char *source = NULL;
    g_autofree char *number = NULL;

    if (!where)
        return;
    while (dash < n && strcmp(fields[dash], "-") != 0)
        dash++;
    add_mount(users, fields[2], where);
    if (dash + 2 >= n)
        return;
    source = g_strcompress(fields[dash + 2]);
    number = number_of(source);
    add_mount(users, source, where);
    if (number)
        add_mount(users, number, where);
}

static void read_swap(CcwUsers *users, const char *line)
{
    g_autofree char *escaped = g_strndup(line, strcspn(line, " \t"));
    char *node = g_strcompress(escaped);
    char *number = number_of(node);

    g_hash_table_add(users->swaps, node);
    if (number)
        g_hash_table_add(users->swaps, number);
}

static void read_lines(CcwUsers *users, const char *name, void (*read)(CcwUsers *users, const char *line))
{
    g_autofree char *path = g_build_filename(users->host->proc_root, name, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        read(users, lines[i]);
}

CcwUsers *ccw_users_new(CcwHost *host)
{
    CcwUsers *users = g_new0(CcwUsers, 1);

    users->host = host;
    users->mounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    users->swaps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    read_lines(users, "self/mountinfo", read_mount);
    read_lines(users, "swaps", read_swap);
    return users;
}

void ccw_users_free(CcwUsers *users)
{
    if (!users)
        return;
    g_hash_table_unref(users->mounts);
    g_hash_table_unref(users->swaps);
    g_free(users);
}

static void add_holders(CcwUsers *users, const char *part, const char *dir, GPtrArray *found)
{
    g_autofree char *holders = g_build_filename(dir, "holders", NULL);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(holders);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *dm = ccw_host_path(users->host, "class/block/%s/dm", (char *)names->pdata[i]);
        g_autofree char *name = ccw_sysfs_attr(dm, "name"); /* as people know it: "vg0-root" */

        g_ptr_array_add(found, ccw_user_new("holder", part, name ? name : names->pdata[i]));
    }
}

static void add_mounts(CcwUsers *users, const char *part, const char *number, const char *node, GPtrArray *found)
{
    GPtrArray *mounts = number ? g_hash_table_lookup(users->mounts, number) : NULL;

    if (!mounts)
        mounts = g_hash_table_lookup(users->mounts, node);
    for (guint i = 0; mounts && i < mounts->len; i++)
        g_ptr_array_add(found, ccw_user_new("mount", part, mounts->pdata[i]));
}

static void add_part(CcwUsers *users, const char *part, const char *dir, GPtrArray *found)
{
    g_autofree char *number = ccw_sysfs_attr(dir, "dev");
    g_autofree char *node = g_strconcat("/dev/", part, NULL);

    add_mounts(users, part, number, node, found);
    if ((number && g_hash_table_contains(users->swaps, number)) || g_hash_table_contains(users->swaps, node))
        g_ptr_array_add(found, ccw_user_new("swap", part, NULL));
    add_holders(users, part, dir, found);
}

/* drivers/s390/cio/ccwgroup.c: a device of a group has a link group_device. */
static void add_group(CcwUsers *users, const CcwHostDevice *device, GPtrArray *found)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = ccw_host_path(users->host, "bus/ccw/devices/%s", ccw_bus_id_format(&device->bus_id, buf));
    g_autofree char *group = ccw_sysfs_link_name(dir, "group_device");

    if (group)
        g_ptr_array_add(found, ccw_user_new("group", NULL, group));
}

GPtrArray *ccw_users_of(CcwUsers *users, const CcwHostDevice *device)
{
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_user_free);
    g_autoptr(GPtrArray) names = NULL;

    if (device->online >= 0)
        add_group(users, device, found);
    if (!device->block_dir)
        return found;
    add_part(users, device->block, device->block_dir, found);
    names = ccw_sysfs_dirs(device->block_dir);
    for (guint i = 0; i < names->len; i++) { /* a partition's name begins with the disk's */
        g_autofree char *dir = g_build_filename(device->block_dir, names->pdata[i], NULL);

        if (g_str_has_prefix(names->pdata[i], device->block) && ccw_sysfs_has(dir, "partition"))
            add_part(users, names->pdata[i], dir, found);
    }
    return found;
}
