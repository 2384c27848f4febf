/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/dependents.h"

#include <net/if.h>
#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"

/* Returns the components of a path ".../css0/SUBCHANNEL/DEVICE/..." from DEVICE on, or NULL for another path. */
static char **below_device(char **components, CcwBusId *ret_id)
{
    for (gsize i = 0; components[i]; i++)
        if (g_str_has_prefix(components[i], "css") && components[i + 1] && components[i + 2] &&
            ccw_bus_id_parse(components[i + 2], ret_id, NULL))
            return components + i + 2;
    return NULL;
}

/* Accepts "DEVICE/host0/.../block/sda", but not its partitions, "DEVICE/block/dasda" or "DEVICE/virtio3/block/vda". */
static gboolean is_disk(CssHost *host G_GNUC_UNUSED, char **components)
{
    guint n = g_strv_length(components);

    return n > 4 && strcmp(components[n - 2], "block") == 0;
}

static gboolean is_up(CssHost *host, char **components)
{
    g_autofree char *dir = css_host_path(host, "class/net/%s", components[g_strv_length(components) - 1]);
    g_autofree char *flags = css_sysfs_attr(dir, "flags");

    return flags && g_ascii_strtoull(flags, NULL, 16) & IFF_UP;
}

static const struct {
    CssDependentKind kind;
    const char *class_name;
    gboolean (*is_dependent)(CssHost *host, char **components);
} kinds[] = {
    { CSS_DEPENDENT_DISK, "block", is_disk },
    { CSS_DEPENDENT_NET, "net", is_up },
};

/* Whether a block device is never behind such a channel device. A host may have thousands of these. */
static gboolean is_skipped(const char *name)
{
    static const char *const prefixes[] = { "dasd", "loop", "dm-", "md", "ram" };

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(name, prefixes[i]))
            return TRUE;
    return FALSE;
}

static gboolean check_link(CssHost *host, gsize kind, const char *dir, const char *name, CssDependentFunc func,
                           gpointer data)
{
    g_autofree char *link = g_build_filename(dir, name, NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_auto(GStrv) components = g_strsplit(target ? target : "", "/", -1);
    CssDependent dependent = { .kind = kinds[kind].kind, .name = name };
    char **below = below_device(components, &dependent.through);

    return below && kinds[kind].is_dependent(host, below) && func(&dependent, data);
}

void css_dependents_search(CssHost *host, CssDependentFunc func, gpointer data)
{
    gboolean ended = FALSE;

    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds) && !ended; kind++) {
        g_autofree char *dir = css_host_path(host, "class/%s", kinds[kind].class_name);
        g_autoptr(GPtrArray) names = css_sysfs_names(dir);

        for (guint i = 0; i < names->len && !ended; i++)
            ended = !is_skipped(names->pdata[i]) && check_link(host, kind, dir, names->pdata[i], func, data);
    }
}
