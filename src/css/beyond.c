/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/beyond.h"

#include <net/if.h>
#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"

/* The components of ".../css0/SUBCHANNEL/DEVICE/..." from DEVICE on; NULL: it is not below a channel device. */
static char **below_device(char **parts, CcwBusId *ret_id)
{
    for (gsize i = 0; parts[i]; i++)
        if (g_str_has_prefix(parts[i], "css") && parts[i + 1] && parts[i + 2] &&
            ccw_bus_id_parse(parts[i + 2], ret_id, NULL))
            return parts + i + 2;
    return NULL;
}

/* "DEVICE/host0/.../block/sda", but neither its partition nor "DEVICE/block/dasda" or "DEVICE/virtio3/block/vda". */
static gboolean is_disk(CcwHost *host G_GNUC_UNUSED, char **parts)
{
    guint n = g_strv_length(parts);

    return n > 4 && strcmp(parts[n - 2], "block") == 0;
}

static gboolean is_up(CcwHost *host, char **parts)
{
    g_autofree char *dir = ccw_host_path(host, "class/net/%s", parts[g_strv_length(parts) - 1]);
    g_autofree char *flags = ccw_sysfs_attr(dir, "flags");

    return flags && g_ascii_strtoull(flags, NULL, 16) & IFF_UP;
}

static const struct {
    const char *kind;
    const char *class_name;
    gboolean (*counts)(CcwHost *host, char **parts);
} kinds[] = {
    { "disk", "block", is_disk },
    { "net", "net", is_up },
};

/* Skips disks that are never behind a device of this kind; a host may have thousands of them. */
static gboolean is_known(const char *name)
{
    static const char *const prefixes[] = { "dasd", "loop", "dm-", "md", "ram" };

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(name, prefixes[i]))
            return TRUE;
    return FALSE;
}

static gboolean look_at(CcwHost *host, gsize kind, const char *dir, const char *name, CcwBeyondFunc func, gpointer data)
{
    g_autofree char *link = g_build_filename(dir, name, NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_auto(GStrv) parts = g_strsplit(target ? target : "", "/", -1);
    CcwBeyond beyond = { .kind = kinds[kind].kind, .name = name };
    char **below = below_device(parts, &beyond.through);

    return below && kinds[kind].counts(host, below) && func(&beyond, data);
}

void ccw_beyond_search(CcwHost *host, CcwBeyondFunc func, gpointer data)
{
    gboolean ended = FALSE;

    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds) && !ended; kind++) {
        g_autofree char *dir = ccw_host_path(host, "class/%s", kinds[kind].class_name);
        g_autoptr(GPtrArray) names = ccw_sysfs_names(dir);

        for (guint i = 0; i < names->len && !ended; i++)
            ended = !is_known(names->pdata[i]) && look_at(host, kind, dir, names->pdata[i], func, data);
    }
}
