/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/layers.h"

#include <string.h>

#include "css/host-private.h"
#include "css/mounts.h"
#include "css/sysfs.h"

#define LAYERS_MAX 1024 /* no real host has more layers on one disk */

static void layer_free(gpointer data)
{
    CssLayer *layer = data;

    g_free(layer->name);
    g_free(layer->dev);
    g_free(layer->mapped);
    g_free(layer->what);
    g_free(layer->undo);
    g_free(layer);
}

static gboolean is_there(GPtrArray *layers, const char *name)
{
    for (guint i = 0; i < layers->len; i++)
        if (strcmp(((const CssLayer *)layers->pdata[i])->name, name) == 0)
            return TRUE;
    return layers->len >= LAYERS_MAX;
}

static CssLayer *add(GPtrArray *layers, const CssLayer *on, const char *dir, const char *name)
{
    CssLayer *layer = g_new0(CssLayer, 1);

    layer->on = on;
    layer->name = g_strdup(name);
    layer->dev = css_sysfs_attr(dir, "dev");
    g_ptr_array_add(layers, layer);
    return layer;
}

/* --- names for users --- */

/*
 * Splits an LVM name. LVM doubles the hyphens in both names and puts one between them: "my--vg-home" is my-vg/home.
 * Returns FALSE if it is not such a name.
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

/* The prefix of a mapping's UUID, which dmsetup info shows, tells who created it. The last row matches all. */
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

static void describe_mapping(CssLayer *layer, const char *name, const char *uuid)
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

static void describe(CssLayer *layer, const char *dir)
{
    g_autofree char *dm = g_build_filename(dir, "dm", NULL);
    g_autofree char *name = css_sysfs_attr(dm, "name");
    g_autofree char *uuid = css_sysfs_attr(dm, "uuid");

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

/* --- layers above a layer --- */

static void add_above(CssHost *host, GPtrArray *layers, const CssLayer *on, const char *name)
{
    g_autofree char *dir = css_host_path(host, "class/block/%s", name);

    if (!is_there(layers, name))
        describe(add(layers, on, dir, name), dir);
}

static void add_holders(CssHost *host, GPtrArray *layers, const CssLayer *layer, const char *dir)
{
    g_autofree char *holders = g_build_filename(dir, "holders", NULL);
    g_autoptr(GPtrArray) names = css_sysfs_names(holders);

    for (guint i = 0; i < names->len; i++)
        add_above(host, layers, layer, names->pdata[i]);
}

/*
 * A loop device is in no holders folder, but its attribute backing_file has the path of its file
 * (drivers/block/loop.c).
 */
static void add_loops(CssHost *host, GPtrArray *layers, const CssLayer *layer)
{
    g_autofree char *blocks = css_host_path(host, "class/block");
    g_autoptr(GPtrArray) names = css_sysfs_names(blocks);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *loop = g_build_filename(blocks, names->pdata[i], "loop", NULL);
        g_autofree char *file = NULL;
        g_autofree char *dev = NULL;

        if (!g_str_has_prefix(names->pdata[i], "loop"))
            continue;
        file = css_sysfs_attr(loop, "backing_file");
        dev = file ? css_host_block_dev(host, file) : NULL;
        if (css_layer_is_dev(layer, dev))
            add_above(host, layers, layer, names->pdata[i]);
    }
}

/* fs/btrfs/UUID/devices/ has a link to each disk (fs/btrfs/sysfs.c). Only one of them is the source of the mount. */
static void add_btrfs(CssHost *host, GPtrArray *layers, const CssLayer *layer)
{
    g_autofree char *btrfs = css_host_path(host, "fs/btrfs");
    g_autoptr(GPtrArray) uuids = css_sysfs_names(btrfs);

    for (guint i = 0; i < uuids->len; i++) {
        g_autofree char *devices = g_build_filename(btrfs, uuids->pdata[i], "devices", NULL);
        g_autoptr(GPtrArray) names = css_sysfs_names(devices);

        if (!css_sysfs_has(devices, layer->name))
            continue;
        for (guint n = 0; n < names->len; n++) {
            g_autofree char *dir = g_build_filename(devices, names->pdata[n], NULL);
            CssLayer *member;

            if (is_there(layers, names->pdata[n]))
                continue;
            member = add(layers, layer, dir, names->pdata[n]);
            member->what = g_strdup_printf("btrfs %s", (char *)uuids->pdata[i]);
        }
    }
}

static void add_partitions(GPtrArray *layers, const char *block_dir)
{
    g_autoptr(GPtrArray) names = css_sysfs_names(block_dir);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *dir = g_build_filename(block_dir, names->pdata[i], NULL);

        if (css_sysfs_has(dir, "partition") && !is_there(layers, names->pdata[i]))
            add(layers, NULL, dir, names->pdata[i]);
    }
}

GPtrArray *css_layers_new(CssHost *host, const char *block_dir, CssLayersLoops loops)
{
    GPtrArray *layers = g_ptr_array_new_with_free_func(layer_free);
    g_autofree char *disk = g_path_get_basename(block_dir);
    guint n_base;

    add(layers, NULL, block_dir, disk);
    add_partitions(layers, block_dir);
    n_base = layers->len;
    for (guint i = 0; i < layers->len; i++) { /* the array grows meanwhile */
        const CssLayer *layer = layers->pdata[i];
        g_autofree char *dir = i >= n_base ? css_host_path(host, "class/block/%s", layer->name)
                               : i == 0    ? g_strdup(block_dir)
                                           : g_build_filename(block_dir, layer->name, NULL);

        add_holders(host, layers, layer, dir);
        if (loops == CSS_LAYERS_WITH_LOOPS)
            add_loops(host, layers, layer);
        add_btrfs(host, layers, layer);
    }
    return layers;
}

const CssLayer *css_layer_bottom(const CssLayer *layer)
{
    while (layer->on)
        layer = layer->on;
    return layer;
}

gboolean css_layer_is_dev(const CssLayer *layer, const char *dev)
{
    return layer->dev && g_strcmp0(layer->dev, dev) == 0;
}
