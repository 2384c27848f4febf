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

/* From include/uapi/linux/vfio.h of Linux 6.6: the headers of older distributions lack it. */
typedef struct {
    guint32 argsz;
    guint32 flags;
    gint32 iommufd;
    guint32 out_devid;
} BindIommufd;
#define BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

static CssVfioUse set_unknown(GError **error, int errnum, const char *uuid, const char *node)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot ask %s whether a guest has mediated device %s: %s", node,
                uuid, g_strerror(errnum));
    return CSS_VFIO_UNKNOWN;
}

/*
 * Whether the node in /dev has the group's number in sysfs. A lab's node is an ordinary file, for which the lab
 * answers.
 */
static gboolean is_group(int fd, const char *class_dir)
{
    g_autofree char *dev = css_sysfs_attr(class_dir, "dev");
    g_autofree char *number = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return FALSE;
    number = ccw_dev_format(st.st_rdev);
    return !S_ISCHR(st.st_mode) || g_strcmp0(dev, number) == 0;
}

/* name: of the group in the class vfio: its number, with or without "noiommu-". */
static CssVfioUse open_group(CssHost *host, const char *uuid, const char *name, CssVfioGroupFd *ret_group_fd,
                             GError **error)
{
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *class_dir = css_host_path(host, "class/vfio/%s", name);
    g_autofree char *node = g_build_filename(host->dev_root, "vfio", name, NULL);
    int fd = host->ops->open_node(node, O_RDONLY, host->ops_data);

    if (fd == -EBUSY)
        return CSS_VFIO_IN_USE;
    if (fd < 0 && (fd == -ENODEV || !g_file_test(mdev, G_FILE_TEST_EXISTS))) /* another process removes it now */
        return CSS_VFIO_FREE;
    if (fd < 0)
        return set_unknown(error, -fd, uuid, node);
    if (!is_group(fd, class_dir)) {
        close(fd);
        return set_unknown(error, ENXIO, uuid, node);
    }
    *ret_group_fd = fd;
    return CSS_VFIO_FREE;
}

/*
 * Asks a kernel without groups (CONFIG_VFIO_GROUP). There QEMU binds the device to an iommufd. Any number of processes
 * can open the device's node, but only one can bind it; the others get EINVAL (vfio_df_open() in
 * drivers/vfio/vfio_main.c). A bound node delays the removal, so this function closes it.
 */
static CssVfioUse ask_device(CssHost *host, const char *uuid, const char *name, GError **error)
{
    g_autofree char *node = g_build_filename(host->dev_root, "vfio/devices", name, NULL);
    g_autofree char *iommu_node = g_build_filename(host->dev_root, "iommu", NULL);
    BindIommufd bind = { .argsz = sizeof(bind) };
    CssVfioUse use = CSS_VFIO_FREE;
    int fd, rc;

    fd = host->ops->open_node(node, O_RDWR, host->ops_data);
    if (fd < 0)
        return fd == -ENODEV ? CSS_VFIO_FREE : set_unknown(error, -fd, uuid, node);
    bind.iommufd = host->ops->open_node(iommu_node, O_RDWR, host->ops_data);
    if (bind.iommufd < 0) {
        close(fd);
        return set_unknown(error, -bind.iommufd, uuid, iommu_node);
    }
    rc = ioctl(fd, BIND_IOMMUFD, &bind);
    if (rc < 0)
        use = errno == EINVAL || errno == EBUSY ? CSS_VFIO_IN_USE : set_unknown(error, errno, uuid, node);
    close(fd);
    close(bind.iommufd);
    return use;
}

CssVfioUse css_vfio_group_open(CssHost *host, const char *uuid, CssVfioGroupFd *ret_group_fd, GError **error)
{
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *group = css_sysfs_link_name(mdev, "iommu_group");
    g_autofree char *noiommu = group ? g_strconcat("noiommu-", group, NULL) : NULL;
    g_autofree char *noiommu_dir = group ? css_host_path(host, "class/vfio/%s", noiommu) : NULL;
    g_autofree char *device_dir = g_build_filename(mdev, "vfio-dev", NULL);
    g_autoptr(GPtrArray) devices = css_sysfs_names(device_dir);
    CssVfioUse use = CSS_VFIO_FREE;

    *ret_group_fd = -1;
    /* The group also answers EBUSY while the device is bound to an iommufd (vfio_device_block_group()). */
    if (group)
        return open_group(host, uuid, g_file_test(noiommu_dir, G_FILE_TEST_EXISTS) ? noiommu : group, ret_group_fd,
                          error);
    for (guint i = 0; i < devices->len && use == CSS_VFIO_FREE; i++) {
        g_autofree char *dir = g_build_filename(device_dir, devices->pdata[i], NULL);

        if (css_sysfs_has(dir, "dev"))
            use = ask_device(host, uuid, devices->pdata[i], error);
    }
    return use;
}
