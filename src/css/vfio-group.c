/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/vfio-group.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "css/host-private.h"
#include "css/sysfs.h"
#include "util/error.h"
#include "util/file.h"

/* include/uapi/linux/vfio.h of Linux 6.6, which the headers of older distributions lack. */
typedef struct {
    guint32 argsz;
    guint32 flags;
    gint32 iommufd;
    guint32 out_devid;
} BindIommufd;
#define BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

static CcwVfioUse set_unknown(GError **error, int errnum, const char *uuid, const char *node)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot ask %s whether a guest has mediated device %s: %s", node,
                uuid, g_strerror(errnum));
    return CCW_VFIO_UNKNOWN;
}

/* The node in /dev has to be the group's: its number in sysfs. A lab's is an ordinary file, and its lab answers. */
static gboolean is_group(int fd, const char *class_dir)
{
    g_autofree char *dev = ccw_sysfs_attr(class_dir, "dev");
    g_autofree char *number = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return FALSE;
    number = ccw_dev_format(st.st_rdev);
    return !S_ISCHR(st.st_mode) || g_strcmp0(dev, number) == 0;
}

/* name: of the group in the class vfio: its number, or "noiommu-" and that. */
static CcwVfioUse hold_group(CcwHost *host, const char *uuid, const char *name, CcwVfioHold *ret_hold, GError **error)
{
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *class_dir = ccw_host_path(host, "class/vfio/%s", name);
    g_autofree char *node = g_build_filename(host->dev_root, "vfio", name, NULL);
    int fd = host->ops->open_node(node, O_RDONLY, host->ops_data);

    if (fd == -EBUSY)
        return CCW_VFIO_IN_USE;
    if (fd < 0 && (fd == -ENODEV || !g_file_test(mdev, G_FILE_TEST_EXISTS))) /* it is being removed */
        return CCW_VFIO_FREE;
    if (fd < 0)
        return set_unknown(error, -fd, uuid, node);
    if (!is_group(fd, class_dir)) {
        close(fd);
        return set_unknown(error, ENXIO, uuid, node);
    }
    *ret_hold = fd;
    return CCW_VFIO_FREE;
}

/*
 * A kernel without groups (CONFIG_VFIO_GROUP), for which QEMU binds the device to an iommufd. Any number of processes
 * may open its node; one may bind it, and the others get EINVAL (vfio_df_open() in drivers/vfio/vfio_main.c). A node
 * that is bound holds up the removal, so that it is let go of before.
 */
static CcwVfioUse ask_device(CcwHost *host, const char *uuid, const char *name, GError **error)
{
    g_autofree char *node = g_build_filename(host->dev_root, "vfio/devices", name, NULL);
    g_autofree char *iommu_node = g_build_filename(host->dev_root, "iommu", NULL);
    BindIommufd bind = { .argsz = sizeof(bind) };
    CcwVfioUse use = CCW_VFIO_FREE;
    int fd, rc;

    fd = host->ops->open_node(node, O_RDWR, host->ops_data);
    if (fd < 0)
        return fd == -ENODEV ? CCW_VFIO_FREE : set_unknown(error, -fd, uuid, node);
    bind.iommufd = host->ops->open_node(iommu_node, O_RDWR, host->ops_data);
    if (bind.iommufd < 0) {
        close(fd);
        return set_unknown(error, -bind.iommufd, uuid, iommu_node);
    }
    rc = ioctl(fd, BIND_IOMMUFD, &bind);
    if (rc < 0)
        use = errno == EINVAL || errno == EBUSY ? CCW_VFIO_IN_USE : set_unknown(error, errno, uuid, node);
    close(fd);
    close(bind.iommufd);
    return use;
}

CcwVfioUse ccw_vfio_hold(CcwHost *host, const char *uuid, CcwVfioHold *ret_hold, GError **error)
{
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *group = ccw_sysfs_link_name(mdev, "iommu_group");
    g_autofree char *noiommu = group ? g_strconcat("noiommu-", group, NULL) : NULL;
    g_autofree char *noiommu_dir = group ? ccw_host_path(host, "class/vfio/%s", noiommu) : NULL;
    g_autofree char *device_dir = g_build_filename(mdev, "vfio-dev", NULL);
    g_autoptr(GPtrArray) devices = ccw_sysfs_names(device_dir);
    CcwVfioUse use = CCW_VFIO_FREE;

    *ret_hold = -1;
    /* An open of the group answers EBUSY, too, while the device is bound to an iommufd (vfio_device_block_group()). */
    if (group)
        return hold_group(host, uuid, g_file_test(noiommu_dir, G_FILE_TEST_EXISTS) ? noiommu : group, ret_hold, error);
    for (guint i = 0; i < devices->len && use == CCW_VFIO_FREE; i++) {
        g_autofree char *dir = g_build_filename(device_dir, devices->pdata[i], NULL);

        if (ccw_sysfs_has(dir, "dev"))
            use = ask_device(host, uuid, devices->pdata[i], error);
    }
    return use;
}
