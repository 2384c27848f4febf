/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/ccw-in-use.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "node_device/ccw-host-private.h"
#include "util/ccw-error.h"

/* The disk or a partition of it. */
typedef struct {
    char *name; /* "dasda1" */
    char *dev;  /* "94:1" */
    char *dir;
} Part;

static void part_free(gpointer data)
{
    Part *part = data;

    g_free(part->name);
    g_free(part->dev);
    g_free(part->dir);
    g_free(part);
}

static void add_part(GPtrArray *parts, const char *dir)
{
    Part *part = g_new0(Part, 1);

    part->name = g_path_get_basename(dir);
    part->dir = g_strdup(dir);
    part->dev = ccw_sysfs_attr(part->dir, "dev");
    g_ptr_array_add(parts, part);
}

/* The disk first, then its partitions: the directories in it with an attribute "partition". */
static GPtrArray *parts_of(const char *dir)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(dir);

    add_part(parts, dir);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *below = g_build_filename(dir, names->pdata[i], NULL);

        if (ccw_sysfs_has(below, "partition"))
            add_part(parts, below);
    }
    return parts;
}

static gboolean refuse(const CcwHostDevice *device, const Part *part, const char *user, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by this host: %s %s",
                ccw_bus_id_format(&device->bus_id, buf), part->name, user);
    return FALSE;
}

/* The kernel writes blank, tab, newline and backslash as \ooo in mountinfo and swaps. */
static char *unescape(const char *text)
{
    return g_strcompress(text);
}

/* Whether a path of /dev is this part: by its name, or by its number where the node is there. */
static gboolean is_node_of(const Part *part, const char *path)
{
    g_autofree char *number = NULL;
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/"))
        return FALSE;
    if (strcmp(path + strlen("/dev/"), part->name) == 0)
        return TRUE;
    if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
        return FALSE;
    number = g_strdup_printf("%u:%u", major(st.st_rdev), minor(st.st_rdev));
    return g_strcmp0(number, part->dev) == 0;
}

/*
 * proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS". Some file
 * systems (btrfs) have a number of their own there: hence the source too.
 */
static gboolean check_mounts(CcwHost *host, const CcwHostDevice *device, const Part *part, GError **error)
{
    g_autofree char *path = g_build_filename(host->proc_root, "self/mountinfo", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot read %s, which says whether %s is mounted", path,
                    part->name);
        return FALSE;
    }
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], " ", -1);
        guint n = g_strv_length(fields);
        g_autofree char *where = NULL;
        g_autofree char *user = NULL;
        guint dash = 6;

        if (n < 10)
            continue;
        while (dash < n && strcmp(fields[dash], "-") != 0)
            dash++;
        if (g_strcmp0(fields[2], part->dev) != 0 && !(dash + 2 < n && is_node_of(part, fields[dash + 2])))
            continue;
        where = unescape(fields[4]);
        user = strcmp(where, "/") == 0 ? g_strdup("holds its root file system")
                                       : g_strdup_printf("is mounted on %s", where);
        return refuse(device, part, user, error);
    }
    return TRUE;
}

/* A kernel without swap has no such file. */
static gboolean check_swaps(CcwHost *host, const CcwHostDevice *device, const Part *part, GError **error)
{
    g_autofree char *path = g_build_filename(host->proc_root, "swaps", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return TRUE;
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_autofree char *escaped = g_strndup(lines[i], strcspn(lines[i], " \t"));
        g_autofree char *node = unescape(escaped);

        if (is_node_of(part, node))
            return refuse(device, part, "is swap space: swapoff it", error);
    }
    return TRUE;
}

static gboolean check_holders(CcwHost *host, const CcwHostDevice *device, const Part *part, GError **error)
{
    g_autofree char *dir = g_build_filename(part->dir, "holders", NULL);
    g_autoptr(GPtrArray) holders = ccw_sysfs_names(dir);
    g_autofree char *dm = NULL;
    g_autofree char *name = NULL;
    g_autofree char *user = NULL;

    if (!holders->len)
        return TRUE;
    dm = ccw_host_path(host, "class/block/%s/dm", (char *)holders->pdata[0]);
    name = ccw_sysfs_attr(dm, "name"); /* as users know it: "vg0-root" */
    user = name ? g_strdup_printf("is part of %s (%s)", (char *)holders->pdata[0], name)
                : g_strdup_printf("is part of %s", (char *)holders->pdata[0]);
    return refuse(device, part, user, error);
}

/* drivers/s390/cio/ccwgroup.c: a device of a group has a link group_device. */
static gboolean check_group(CcwHost *host, const CcwHostDevice *device, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = ccw_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(&device->bus_id, buf));
    g_autofree char *group = ccw_sysfs_link_name(dir, "group_device");

    if (!group)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by this host: it belongs to group device %s",
                buf, group);
    return FALSE;
}

gboolean ccw_in_use_check(CcwHost *host, const CcwHostDevice *device, GError **error)
{
    static gboolean (*const checks[])(CcwHost *, const CcwHostDevice *, const Part *, GError **) = {
        check_mounts,
        check_swaps,
        check_holders,
    };
    g_autofree char *block = ccw_device_block_dir(host, &device->bus_id, &device->subchannel);
    g_autoptr(GPtrArray) parts = NULL;

    if (!check_group(host, device, error))
        return FALSE;
    if (!block)
        return TRUE;
    parts = parts_of(block);
    for (guint i = 0; i < parts->len; i++)
        for (gsize c = 0; c < G_N_ELEMENTS(checks); c++)
            if (!checks[c](host, device, parts->pdata[i], error))
                return FALSE;
    return TRUE;
}
