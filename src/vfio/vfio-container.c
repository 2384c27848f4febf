/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-container.h. */
#include "vfio/vfio-container.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vfio/vfio-device.h"
#include "vfio/vfio-log.h"

struct _VfioContainer {
    VfioFile file;
    VfioMemory *memory;
    gboolean iommu_set;
    gboolean noiommu;  /* its groups have no IOMMU; valid if it has groups */
    GPtrArray *groups; /* VfioGroup; the groups in this container */
};

struct _VfioGroup {
    VfioFile file;
    VfioSource *source;
    gboolean noiommu;
    VfioContainer *container; /* a reference */
    VfioDevice *device;       /* NULL unless open; holds a reference to this group */
};

/* Protects the links between containers, groups and devices. No I/O takes this lock. */
static GMutex config_lock;

/* --- containers --- */

static int get_iommu_info(void *arg)
{
    struct vfio_iommu_type1_info *info = arg;

    if (info->argsz < G_STRUCT_OFFSET(struct vfio_iommu_type1_info, cap_offset))
        return -EINVAL;
    info->flags = VFIO_IOMMU_INFO_PGSIZES;
    info->iova_pgsizes = ~G_GUINT64_CONSTANT(4095);
    if (info->argsz >= sizeof(*info))
        info->cap_offset = 0;
    return 0;
}

static int map_dma(VfioContainer *container, void *arg)
{
    const struct vfio_iommu_type1_dma_map *map = arg;

    return map->argsz < sizeof(*map) ? -EINVAL : vfio_memory_map(container->memory, map);
}

static int unmap_dma(VfioContainer *container, void *arg)
{
    struct vfio_iommu_type1_dma_unmap *unmap = arg;
    guint64 size = 0;
    int result = 0;

    if (unmap->argsz < sizeof(*unmap) || unmap->flags & ~(guint32)VFIO_DMA_UNMAP_FLAG_ALL)
        return -EINVAL;
    if (!(unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL))
        result = vfio_memory_unmap(container->memory, unmap->iova, unmap->size, &size);
    else if (unmap->iova || unmap->size)
        result = -EINVAL;
    else
        vfio_memory_unmap_all(container->memory, &size);
    if (result < 0)
        return result;

    /* A request that began before may still use that storage. */
    for (guint i = 0; i < container->groups->len; i++) {
        VfioGroup *group = g_ptr_array_index(container->groups, i);

        if (group->device)
            vfio_device_quiesce(group->device);
    }
    unmap->size = size;
    return 0;
}

/* The groups decide whether a container has an IOMMU. A container without groups may become either. */
static gboolean may_be(const VfioContainer *container, gboolean noiommu)
{
    return container->groups->len == 0 || container->noiommu == noiommu;
}

static int check_extension(const VfioContainer *container, gulong extension)
{
    if (extension == VFIO_NOIOMMU_IOMMU)
        return may_be(container, TRUE);
    return may_be(container, FALSE) &&
           (extension == VFIO_TYPE1_IOMMU || extension == VFIO_TYPE1v2_IOMMU || extension == VFIO_UNMAP_ALL);
}

static int set_iommu(VfioContainer *container, gulong type)
{
    if (container->iommu_set || container->groups->len == 0)
        return -EINVAL;
    if (container->noiommu ? type != VFIO_NOIOMMU_IOMMU : type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
        return -ENODEV;
    container->iommu_set = TRUE;
    return 0;
}

static int container_ioctl_locked(VfioContainer *container, unsigned long request, void *arg)
{
    switch (request) {
    case VFIO_GET_API_VERSION:
        return VFIO_API_VERSION;
    case VFIO_CHECK_EXTENSION:
        return check_extension(container, (gulong)arg);
    case VFIO_SET_IOMMU:
        return set_iommu(container, (gulong)arg);
    }
    if (!container->iommu_set)
        return -EINVAL;
    if (container->noiommu)
        return -ENOTTY;
    if (!arg)
        return -EFAULT;
    switch (request) {
    case VFIO_IOMMU_GET_INFO:
        return get_iommu_info(arg);
    case VFIO_IOMMU_MAP_DMA:
        return map_dma(container, arg);
    case VFIO_IOMMU_UNMAP_DMA:
        return unmap_dma(container, arg);
    }
    return -ENOTTY;
}

static int container_ioctl(VfioFile *file, unsigned long request, void *arg)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&config_lock);

    return container_ioctl_locked((VfioContainer *)file, request, arg);
}

static void container_release(VfioFile *file)
{
    VfioContainer *container = (VfioContainer *)file;

    g_ptr_array_unref(container->groups);
    vfio_memory_free(container->memory);
    g_free(container);
}

static const VfioFileOps container_ops = { .ioctl = container_ioctl, .release = container_release };

int vfio_container_open(void)
{
    VfioContainer *container = g_new0(VfioContainer, 1);

    vfio_file_init(&container->file, &container_ops);
    container->memory = vfio_memory_new();
    container->groups = g_ptr_array_new();
    return vfio_file_install(&container->file, "vfio-container");
}

/* --- groups --- */

static int get_status(const VfioGroup *group, void *arg)
{
    struct vfio_group_status *status = arg;

    if (!arg)
        return -EFAULT;
    if (status->argsz < sizeof(*status))
        return -EINVAL;
    status->flags = VFIO_GROUP_FLAGS_VIABLE | (group->container ? VFIO_GROUP_FLAGS_CONTAINER_SET : 0);
    return 0;
}

static int set_container(VfioGroup *group, const gint32 *fd)
{
    VfioFile *file;

    if (!fd)
        return -EFAULT;
    if (group->container)
        return -EINVAL;
    file = vfio_file_get(*fd);
    if (!file || file->ops != &container_ops) {
        if (file)
            vfio_file_unref(file);
        return -EINVAL;
    }
    if (!may_be((VfioContainer *)file, group->noiommu)) {
        vfio_file_unref(file);
        return -EPERM;
    }
    group->container = (VfioContainer *)file;
    group->container->noiommu = group->noiommu;
    g_ptr_array_add(group->container->groups, group);
    return 0;
}

/* When the last group leaves, the container loses its IOMMU, and with it the mappings. */
static void leave_container(VfioGroup *group)
{
    VfioContainer *container = group->container;
    guint64 size;

    group->container = NULL;
    g_ptr_array_remove(container->groups, group);
    if (container->groups->len == 0) {
        container->iommu_set = FALSE;
        vfio_memory_unmap_all(container->memory, &size);
    }
    vfio_file_unref(&container->file);
}

static int unset_container(VfioGroup *group)
{
    if (!group->container)
        return -EINVAL;
    if (group->device)
        return -EBUSY;
    leave_container(group);
    return 0;
}

/*
 * Destroys the device under the lock, so that no other thread can reach it. Drops the device's reference to the group.
 */
static void end_device(gpointer owner, void (*destroy)(VfioDevice *device))
{
    VfioGroup *group = owner;

    g_mutex_lock(&config_lock);
    destroy(group->device);
    group->device = NULL;
    g_mutex_unlock(&config_lock);
    vfio_file_unref(&group->file);
}

static int open_device(VfioGroup *group, const char *name, VfioDevice **ret_device)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&config_lock);
    g_autoptr(GError) error = NULL;

    if (!name)
        return -EFAULT;
    if (!group->container || !group->container->iommu_set)
        return -EINVAL;
    if (g_ascii_strcasecmp(name, group->source->uuid) != 0)
        return -ENODEV;
    if (group->device)
        return -EBUSY;
    vfio_file_ref(&group->file);
    group->device = vfio_device_new(group->source, group->container->memory, end_device, group, &error);
    if (!group->device) {
        vfio_log("%s: %s", group->source->uuid, error->message);
        vfio_file_unref(&group->file);
        return -EIO;
    }
    *ret_device = group->device;
    return 0;
}

/*
 * Does not hold the lock all the time: if no descriptor is free, vfio_file_install() releases the device, which takes
 * the lock.
 */
static int get_device_fd(VfioGroup *group, const char *name)
{
    VfioDevice *device = NULL;
    int result = open_device(group, name, &device);

    return result < 0 ? result : vfio_file_install(vfio_device_file(device), "vfio-ccw-device");
}

static int group_ioctl_locked(VfioGroup *group, unsigned long request, void *arg)
{
    switch (request) {
    case VFIO_GROUP_GET_STATUS:
        return get_status(group, arg);
    case VFIO_GROUP_SET_CONTAINER:
        return set_container(group, arg);
    case VFIO_GROUP_UNSET_CONTAINER:
        return unset_container(group);
    }
    return -ENOTTY;
}

static int group_ioctl(VfioFile *file, unsigned long request, void *arg)
{
    int result;

    if (request == VFIO_GROUP_GET_DEVICE_FD)
        return get_device_fd((VfioGroup *)file, arg);
    g_mutex_lock(&config_lock);
    result = group_ioctl_locked((VfioGroup *)file, request, arg);
    g_mutex_unlock(&config_lock);
    return result;
}

static void group_release(VfioFile *file)
{
    VfioGroup *group = (VfioGroup *)file;

    g_mutex_lock(&config_lock);
    if (group->container)
        leave_container(group);
    g_mutex_unlock(&config_lock);
    vfio_source_free(group->source);
    g_free(group);
}

static const VfioFileOps group_ops = { .ioctl = group_ioctl, .release = group_release };

int vfio_group_open(guint number, gboolean noiommu, int node_fd)
{
    VfioSource *source = NULL;
    VfioGroup *group;
    int result = vfio_source_open(number, node_fd, &source);

    if (result < 0)
        return result;
    group = g_new0(VfioGroup, 1);
    vfio_file_init(&group->file, &group_ops);
    group->source = source;
    group->noiommu = noiommu;
    return vfio_file_install(&group->file, "vfio-group");
}
