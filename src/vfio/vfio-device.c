/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-device.h. */
#include "vfio/vfio-device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/thread.h"
#include "vfio/vfio-regions.h"
#include "vfio/vfio-subchannel.h"

struct _VfioDevice {
    VfioFile file;
    const VfioSource *source;
    VfioDeviceEndFunc end;
    gpointer owner;
    VfioIrqs irqs;
    VfioRegions regions;
    GThread *watcher; /* waits for the lab to request the device back */
    int watcher_stop; /* eventfd */
};

static gpointer watch(gpointer data)
{
    VfioDevice *device = data;

    while (vfio_source_wait_request(device->source, device->watcher_stop))
        vfio_irqs_trigger(&device->irqs, VFIO_CCW_REQ_IRQ_INDEX);
    return NULL;
}

static void stop_watcher(VfioDevice *device)
{
    const guint64 one = 1;

    if (!device->watcher)
        return;
    /* The eventfd is never full, because this is its only write. */
    if (write(device->watcher_stop, &one, sizeof(one)) == sizeof(one))
        g_thread_join(device->watcher);
    close(device->watcher_stop);
}

static int get_info(struct vfio_device_info *info)
{
    if (info->argsz < G_STRUCT_OFFSET(struct vfio_device_info, cap_offset))
        return -EINVAL;
    info->flags = VFIO_DEVICE_FLAGS_CCW | VFIO_DEVICE_FLAGS_RESET;
    info->num_regions = vfio_regions_count;
    info->num_irqs = VFIO_CCW_NUM_IRQS;
    return 0;
}

static int get_irq_info(struct vfio_irq_info *info)
{
    if (info->argsz < sizeof(*info) || info->index >= VFIO_CCW_NUM_IRQS)
        return -EINVAL;
    info->count = 1;
    info->flags = VFIO_IRQ_INFO_EVENTFD;
    return 0;
}

static int device_ioctl(VfioFile *file, unsigned long request, void *arg)
{
    VfioDevice *device = (VfioDevice *)file;

    if (request == VFIO_DEVICE_RESET) {
        vfio_subchannel_reset(device->regions.subchannel);
        return 0;
    }
    if (!arg)
        return -EFAULT;
    switch (request) {
    case VFIO_DEVICE_GET_INFO:
        return get_info(arg);
    case VFIO_DEVICE_GET_REGION_INFO:
        return vfio_regions_get_info(arg);
    case VFIO_DEVICE_GET_IRQ_INFO:
        return get_irq_info(arg);
    case VFIO_DEVICE_SET_IRQS:
        return vfio_irqs_set_from(&device->irqs, arg);
    case VFIO_DEVICE_CCW_CMD_REQUEST:
        return vfio_subchannel_request(device->regions.subchannel, arg);
    }
    return -ENOTTY;
}

static gssize device_pread(VfioFile *file, void *buffer, gsize count, guint64 offset)
{
    return vfio_regions_read(&((VfioDevice *)file)->regions, buffer, count, offset);
}

static gssize device_pwrite(VfioFile *file, const void *buffer, gsize count, guint64 offset)
{
    return vfio_regions_write(&((VfioDevice *)file)->regions, buffer, count, offset);
}

static void destroy(VfioDevice *device)
{
    stop_watcher(device);
    vfio_subchannel_free(device->regions.subchannel);
    vfio_irqs_clear(&device->irqs);
    vfio_source_set_in_use(device->source, FALSE);
    g_mutex_clear(&device->regions.lock);
    g_free(device);
}

static void device_release(VfioFile *file)
{
    VfioDevice *device = (VfioDevice *)file;

    device->end(device->owner, destroy);
}

static const VfioFileOps device_ops = {
    .ioctl = device_ioctl, .pread = device_pread, .pwrite = device_pwrite, .release = device_release
};

static VfioSubchannel *open_subchannel(VfioDevice *device, VfioMemory *memory, GError **error)
{
    const VfioSource *source = device->source;
    int image_fd, snapshot_fd;
    int result = vfio_source_duplicate_fds(source, &image_fd, &snapshot_fd);

    if (result < 0) {
        ccw_error_set_errno(error, -result, "cannot duplicate the image's file descriptor");
        return NULL;
    }
    return vfio_subchannel_new(image_fd, snapshot_fd, &source->device, memory, &device->irqs, error);
}

static gboolean start_watcher(VfioDevice *device, const VfioSource *source, GError **error)
{
    if (source->lab_fd < 0)
        return TRUE;
    device->watcher_stop = eventfd(0, EFD_CLOEXEC);
    if (device->watcher_stop < 0) {
        ccw_error_set_errno(error, errno, "cannot make an eventfd");
        return FALSE;
    }
    device->watcher = ccw_thread_start("ccw-lab", watch, device, error);
    if (!device->watcher)
        close(device->watcher_stop);
    return device->watcher != NULL;
}

VfioDevice *vfio_device_new(const VfioSource *source, VfioMemory *memory, VfioDeviceEndFunc end, gpointer owner,
                            GError **error)
{
    VfioDevice *device = g_new0(VfioDevice, 1);

    vfio_file_init(&device->file, &device_ops);
    device->source = source;
    device->end = end;
    device->owner = owner;
    vfio_irqs_init(&device->irqs);
    g_mutex_init(&device->regions.lock);
    device->regions.chpid = source->device.chpid;
    device->regions.devno = source->device.bus_id.devno;
    device->regions.subchannel = open_subchannel(device, memory, error);
    if (device->regions.subchannel && start_watcher(device, source, error)) {
        vfio_source_set_in_use(source, TRUE);
        return device;
    }

    if (device->regions.subchannel)
        vfio_subchannel_free(device->regions.subchannel);
    vfio_irqs_clear(&device->irqs);
    g_mutex_clear(&device->regions.lock);
    g_free(device);
    return NULL;
}

VfioFile *vfio_device_file(VfioDevice *device)
{
    return &device->file;
}

void vfio_device_quiesce(VfioDevice *device)
{
    vfio_subchannel_quiesce(device->regions.subchannel);
}
