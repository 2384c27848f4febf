/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-sysfs.h. */
#include "vfio/vfio-sysfs.h"

#include <sys/sysmacros.h>

#include "vfio/vfio-source.h"

#define CHP_TYPE "1b\n" /* FICON, as the kernel's chp type attribute has it */
#define PIMPAMPOM "80 80 ff\n"
/*
 * The container has the kernel's number. The kernel chooses the major number of groups at run time; this one is for
 * local use.
 */
#define CONTAINER_NUMBER makedev(10, 196)
#define GROUP_MAJOR 240

/* The parts of paths and texts. */
typedef struct {
    VfioNode *root;
    guint css;
    guint chpid;
    guint group;
    const char *uuid;
    char subchannel[CCW_BUS_ID_STR_LEN];
} Device;

static void add_folder(const Device *device, char *path)
{
    vfio_tree_add(device->root, path, VFIO_NODE_FOLDER, NULL);
    g_free(path);
}

/* Takes ownership of both strings. */
static void add_text(const Device *device, VfioNodeKind kind, char *path, char *text)
{
    vfio_tree_add(device->root, path, kind, text);
    g_free(path);
    g_free(text);
}

static void add_character_device(VfioNode *root, const char *path, guint64 number)
{
    vfio_tree_add(root, path, VFIO_NODE_DEVICE, NULL)->number = number;
}

/* Adds the mdev and its group. The machine has no folder of them. */
static void add_mdev(const Device *device)
{
    add_folder(device, g_strdup_printf("/sys/devices/css%x/%s/%s", device->css, device->subchannel, device->uuid));
    add_text(device, VFIO_NODE_LINK,
             g_strdup_printf("/sys/devices/css%x/%s/%s/iommu_group", device->css, device->subchannel, device->uuid),
             g_strdup_printf("../../../../kernel/iommu_groups/%u", device->group));
    add_text(device, VFIO_NODE_LINK, g_strdup_printf("/sys/bus/mdev/devices/%s", device->uuid),
             g_strdup_printf("../../../devices/css%x/%s/%s", device->css, device->subchannel, device->uuid));
    add_folder(device, g_strdup_printf("/sys/kernel/iommu_groups/%u", device->group));
    add_text(device, VFIO_NODE_LINK,
             g_strdup_printf("/sys/kernel/iommu_groups/%u/devices/%s", device->group, device->uuid),
             g_strdup_printf("../../../../devices/css%x/%s/%s", device->css, device->subchannel, device->uuid));
}

static void add_subchannel(const Device *device)
{
    add_text(device, VFIO_NODE_LINK, g_strdup_printf("/sys/bus/css/devices/%s", device->subchannel),
             g_strdup_printf("../../../devices/css%x/%s", device->css, device->subchannel));
    add_text(device, VFIO_NODE_FILE,
             g_strdup_printf("/sys/devices/css%x/%s/pimpampom", device->css, device->subchannel), g_strdup(PIMPAMPOM));
    add_text(device, VFIO_NODE_FILE, g_strdup_printf("/sys/devices/css%x/%s/chpids", device->css, device->subchannel),
             g_strdup_printf("%02x 00 00 00 00 00 00 00\n", device->chpid));
    /*
     * QEMU looks for the channel path in the folder of the device's css, but under the name that the path has in css 0.
     */
    add_text(device, VFIO_NODE_FILE, g_strdup_printf("/sys/devices/css%x/chp0.%02x/type", device->css, device->chpid),
             g_strdup(CHP_TYPE));
}

static void add_group(const Device *device)
{
    g_autofree char *group = g_strdup_printf("/dev/vfio/%u", device->group);
    g_autofree char *noiommu = g_strdup_printf("/dev/vfio/noiommu-%u", device->group);

    add_character_device(device->root, group, makedev(GROUP_MAJOR, device->group));
    add_character_device(device->root, noiommu, makedev(GROUP_MAJOR, device->group));
}

VfioNode *vfio_sysfs_new(void)
{
    VfioNode *root = vfio_tree_new();

    add_character_device(root, "/dev/vfio/vfio", CONTAINER_NUMBER);
    for (guint i = 0; i < vfio_source_count(); i++) {
        const VfioSource *source = vfio_source_nth(i);
        CcwBusId subchannel;
        Device device;

        if (!source)
            continue;
        device = (Device){ .root = root, .css = source->device.bus_id.cssid, .chpid = source->device.chpid };
        device.group = source->group;
        device.uuid = source->uuid;
        subchannel = source->device.bus_id;
        subchannel.devno = (guint16)source->group;
        ccw_bus_id_format(&subchannel, device.subchannel);
        add_mdev(&device);
        add_subchannel(&device);
        add_group(&device);
    }
    return root;
}
