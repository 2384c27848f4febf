/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-sysfs.h. */
#include "vfio/vfio-sysfs.h"

#include <stdio.h>
#include <string.h>

#include "vfio/vfio-source.h"

#define MDEV_PREFIX "/sys/bus/mdev/devices/"
#define SUBCHANNEL_PREFIX "/sys/bus/css/devices/"
#define UUID_LENGTH 36
#define CHP_TYPE "1b" /* FICON, as the kernel's chp type attribute has it */

static const char *subchannel_id(const VfioSource *source, char buf[CCW_BUS_ID_STR_LEN])
{
    CcwBusId id = source->device.bus_id;

    id.devno = (guint16)source->group;
    return ccw_bus_id_format(&id, buf);
}

/* SUBCHANNEL_PREFIX, a subchannel of ours, and what is left of the path: "/chpids". */
static const VfioSource *find_subchannel(const char *path, const char **ret_rest)
{
    if (!path || !g_str_has_prefix(path, SUBCHANNEL_PREFIX))
        return NULL;
    path += strlen(SUBCHANNEL_PREFIX);
    for (guint i = 0; i < vfio_source_count(); i++) {
        const VfioSource *source = vfio_source_nth(i);
        char id[CCW_BUS_ID_STR_LEN];

        if (source && g_str_has_prefix(path, subchannel_id(source, id)) && path[strlen(id)] == '/') {
            *ret_rest = path + strlen(id);
            return source;
        }
    }
    return NULL;
}

char *vfio_sysfs_real_path(const char *path)
{
    const VfioSource *source;
    char id[CCW_BUS_ID_STR_LEN];

    if (!path || !g_str_has_prefix(path, MDEV_PREFIX))
        return NULL;
    path += strlen(MDEV_PREFIX);
    source = vfio_source_find(path, strlen(path));
    if (!source)
        return NULL;
    return g_strdup_printf("/sys/devices/css%x/%s/%s", source->device.bus_id.cssid, subchannel_id(source, id),
                           source->uuid);
}

char *vfio_sysfs_link(const char *path)
{
    const char *rest = NULL;
    const VfioSource *source = find_subchannel(path, &rest);

    if (!source || strlen(rest) <= 1 + UUID_LENGTH || strcmp(rest + 1 + UUID_LENGTH, "/iommu_group") != 0 ||
        vfio_source_find(rest + 1, UUID_LENGTH) != source)
        return NULL;
    return g_strdup_printf("../../../../kernel/iommu_groups/%u", source->group);
}

/* QEMU looks for the path in the folder of the device's css, but under the name that it would have in css 0. */
static gboolean is_chp_type(const char *path)
{
    for (guint i = 0; path && i < vfio_source_count(); i++) {
        const VfioSource *source = vfio_source_nth(i);
        g_autofree char *ours = NULL;

        if (!source)
            continue;
        ours = g_strdup_printf("/sys/devices/css%x/chp0.%02x/type", source->device.bus_id.cssid, source->device.chpid);
        if (strcmp(path, ours) == 0)
            return TRUE;
    }
    return FALSE;
}

char *vfio_sysfs_contents(const char *path)
{
    const char *rest = NULL;
    const VfioSource *source = find_subchannel(path, &rest);

    if (source && strcmp(rest, "/pimpampom") == 0)
        return g_strdup("80 80 ff\n");
    if (source && strcmp(rest, "/chpids") == 0)
        return g_strdup_printf("%02x 00 00 00 00 00 00 00\n", source->device.chpid);
    return is_chp_type(path) ? g_strdup(CHP_TYPE "\n") : NULL;
}
