/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/stack.h"

#include <string.h>

#include "css/host-private.h"
#include "css/mounts.h"
#include "css/sysfs.h"

#define LAYERS_MAX 1024 /* partitions, and what is above them: no real host has more on one disk */

static void layer_free(gpointer data)
{
    CcwLayer *layer = data;

    g_free(layer->name);
    g_free(layer->dev);
    g_free(layer->mapped);
    g_free(layer->what);
    g_free(layer->undo);
    g_free(layer);
}

static gboolean is_there(GPtrArray *stack, const char *name)
{
    for (guint i = 0; i < stack->len; i++)
        if (strcmp(((const CcwLayer *)stack->pdata[i])->name, name) == 0)
            return TRUE;
    return stack->len >= LAYERS_MAX;
}

static CcwLayer *add(GPtrArray *stack, const CcwLayer *on, const char *dir, const char *name)
{
    CcwLayer *layer = g_new0(CcwLayer, 1);

    layer->on = on;
    layer->name = g_strdup(name);
    layer->dev = ccw_sysfs_attr(dir, "dev");
    g_ptr_array_add(stack, layer);
    return layer;
}

/* --- what it is, to a user --- */

/* LVM doubles the hyphens in both names and puts one between: "my--vg-home" is my-vg/home. FALSE: it is no such name.
 */
static gboolean split_lvm(const char *mapped, char **ret_vg, char **ret_lv)
{
    g_autoptr(GString) name = g_string_new(NULL);
    gsize split = 0;

    for (const char *p = mapped; *p; p++) {
        if (*p == '-' && p[1] != '-' && !split)
            split = name->len;
        else
            g_string_append_c(name, *p);
        if (*p == '-' && p[1] == '-')
            p++;
    }
    if (!split || split == name->len)
        return FALSE;
    *ret_vg = g_strndup(name->str, split);
    *ret_lv = g_strdup(name->str + split);
    return TRUE;
}

/* How the UUID that its maker gave a mapping begins, as dmsetup info shows it; the last row takes all. */
static const struct {
    const char *uuid;
    const char *what;
    const char *undo;
} mappings[] = {
    { "LVM-", "logical volume", "lvchange -an" },
    { "mpath-", "multipath device", "multipath -f" },
    { "CRYPT-", "encrypted volume", "cryptsetup close" },
    { "", "device-mapper device", "dmsetup remove" },
};

static void describe_mapping(CcwLayer *layer, const char *name, const char *uuid)
{
    g_autofree char *vg = NULL;
    g_autofree char *lv = NULL;
    g_autofree char *shown = NULL;
    gsize i;

    for (i = 0; !g_str_has_prefix(uuid ? uuid : "", mappings[i].uuid); i++)
        ;
    if (i == 0 && split_lvm(name, &vg, &lv))
        shown = g_strconcat(vg, "/", lv, NULL);
    else
        shown = g_strdup(name);
    layer->mapped = g_strconcat("/dev/mapper/", name, NULL);
    layer->what = g_strdup_printf("%s %s (%s)", mappings[i].what, shown, layer->name);
    layer->undo = g_strdup_printf("%s %s", mappings[i].undo, shown);
}

static void describe(CcwLayer *layer, const char *dir)
{
    g_autofree char *dm = g_build_filename(dir, "dm", NULL);
    g_autofree char *name = ccw_sysfs_attr(dm, "name");
    g_autofree char *uuid = ccw_sysfs_attr(dm, "uuid");

    if (name) {
        describe_mapping(layer, name, uuid);
    } else if (g_str_has_prefix(layer->name, "md")) {
        layer->what = g_strdup_printf("RAID array %s", layer->name);
        layer->undo = g_strdup_printf("mdadm --stop /dev/%s", layer->name);
    } else if (g_str_has_prefix(layer->name, "loop")) {
        layer->what = g_strdup_printf("loop device %s", layer->name);
        layer->undo = g_strdup_printf("losetup -d /dev/%s", layer->name);
    } else {
        layer->what = g_strdup(layer->name);
    }
}

/* --- what is above --- */

static void add_above(CcwHost *host, GPtrArray *stack, const CcwLayer *on, const char *name)
{
    g_autofree char *dir = ccw_host_path(host, "class/block/%s", name);

    if (!is_there(stack, name))
        describe(add(stack, on, dir, name), dir);
}

static void add_holders(CcwHost *host, GPtrArray *stack, const CcwLayer *layer, const char *dir)
{
    g_autofree char *holders = g_build_filename(dir, "holders", NULL);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(holders);

    for (guint i = 0; i < names->len; i++)
        add_above(host, stack, layer, names->pdata[i]);
}

/* drivers/block/loop.c: a loop device is not in any holders folder; it names its file. */
static void add_loops(CcwHost *host, GPtrArray *stack, const CcwLayer *layer)
{
    g_autofree char *blocks = ccw_host_path(host, "class/block");
    g_autoptr(GPtrArray) names = ccw_sysfs_names(blocks);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *loop = g_build_filename(blocks, names->pdata[i], "loop", NULL);
        g_autofree char *file = NULL;
        g_autofree char *dev = NULL;

        if (!g_str_has_prefix(names->pdata[i], "loop"))
            continue;
        file = ccw_sysfs_attr(loop, "backing_file");
        dev = file ? ccw_host_block_dev(host, file) : NULL;
        if (ccw_layer_is_dev(layer, dev))
            add_above(host, stack, layer, names->pdata[i]);
    }
}

/* fs/btrfs/sysfs.c: fs/btrfs/UUID/devices/ links to each; one of them alone is the source of the mount. */
static void add_btrfs(CcwHost *host, GPtrArray *stack, const CcwLayer *layer)
{
    g_autofree char *btrfs = ccw_host_path(host, "fs/btrfs");
    g_autoptr(GPtrArray) uuids = ccw_sysfs_names(btrfs);

    for (guint i = 0; i < uuids->len; i++) {
        g_autofree char *devices = g_build_filename(btrfs, uuids->pdata[i], "devices", NULL);
        g_autoptr(GPtrArray) names = ccw_sysfs_names(devices);

        if (!ccw_sysfs_has(devices, layer->name))
            continue;
        for (guint n = 0; n < names->len; n++) {
            g_autofree char *dir = g_build_filename(devices, names->pdata[n], NULL);
            CcwLayer *member;

            if (is_there(stack, names->pdata[n]))
                continue;
            member = add(stack, layer, dir, names->pdata[n]);
            member->what = g_strdup_printf("btrfs %s", (char *)uuids->pdata[i]);
        }
    }
}

static void add_partitions(GPtrArray *stack, const char *block_dir)
{
    g_autoptr(GPtrArray) names = ccw_sysfs_names(block_dir);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *dir = g_build_filename(block_dir, names->pdata[i], NULL);

        if (ccw_sysfs_has(dir, "partition") && !is_there(stack, names->pdata[i]))
            add(stack, NULL, dir, names->pdata[i]);
    }
}

GPtrArray *ccw_stack_new(CcwHost *host, const char *block_dir, CcwStackLoops loops)
{
    GPtrArray *stack = g_ptr_array_new_with_free_func(layer_free);
    g_autofree char *disk = g_path_get_basename(block_dir);
    guint n_parts;

    add(stack, NULL, block_dir, disk);
    add_partitions(stack, block_dir);
    n_parts = stack->len;
    for (guint i = 0; i < stack->len; i++) { /* it grows */
        const CcwLayer *layer = stack->pdata[i];
        g_autofree char *dir = i >= n_parts ? ccw_host_path(host, "class/block/%s", layer->name)
                               : i == 0     ? g_strdup(block_dir)
                                            : g_build_filename(block_dir, layer->name, NULL);

        add_holders(host, stack, layer, dir);
        if (loops == CCW_STACK_WITH_LOOPS)
            add_loops(host, stack, layer);
        add_btrfs(host, stack, layer);
    }
    return stack;
}

const CcwLayer *ccw_layer_bottom(const CcwLayer *layer)
{
    while (layer->on)
        layer = layer->on;
    return layer;
}

gboolean ccw_layer_is_dev(const CcwLayer *layer, const char *dev)
{
    return layer->dev && g_strcmp0(layer->dev, dev) == 0;
}
