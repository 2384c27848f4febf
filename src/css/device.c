/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading subchannels and their devices. A subchannel's number shifts with the set of devices, so everything is found
 * by the device's own number; dev_busid names it also while the ccw device is unbound.
 */
#include "css/device.h"

#include <string.h>

#include "conf/uuid.h"
#include "css/host-private.h"
#include "css/missing.h"
#include "css/sysfs.h"
#include "util/error.h"

#define SUBCHANNEL_TYPE_IO "0" /* arch/s390/include/uapi/asm/schid.h, drivers/s390/cio/cio.h: SUBCHANNEL_TYPE_IO */

void ccw_host_device_free(CcwHostDevice *device)
{
    if (!device)
        return;
    g_free(device->cutype);
    g_free(device->devtype);
    g_free(device->driver);
    g_free(device->device_driver);
    g_free(device->chpids);
    g_free(device->paths);
    g_free(device->availability);
    g_free(device->block);
    g_free(device->block_dir);
    g_strfreev(device->mdevs);
    g_free(device->owner);
    g_free(device);
}

static char *subchannel_dir(CcwHost *host, const CcwBusId *subchannel)
{
    char buf[CCW_BUS_ID_STR_LEN];

    return ccw_host_path(host, "bus/css/devices/%s", ccw_bus_id_format(subchannel, buf));
}

/* FALSE if it is no I/O subchannel, or none with a device: dev_busid reads "none" then. */
static gboolean subchannel_device(CcwHost *host, const CcwBusId *subchannel, CcwBusId *ret_device)
{
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autofree char *type = ccw_sysfs_attr(dir, "type");
    g_autofree char *dev_busid = ccw_sysfs_attr(dir, "dev_busid");

    return g_strcmp0(type, SUBCHANNEL_TYPE_IO) == 0 && dev_busid && ccw_bus_id_parse(dev_busid, ret_device, NULL);
}

static gboolean subchannel_has(CcwHost *host, const char *name, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    CcwBusId subchannel, device;

    if (!ccw_bus_id_parse(name, &subchannel, NULL) || !subchannel_device(host, &subchannel, &device) ||
        !ccw_bus_id_equal(&device, id))
        return FALSE;
    *ret_subchannel = subchannel;
    return TRUE;
}

/* Of what lies in its subchannel's directory: the ccw device while io_subchannel has it, our mdev while vfio_ccw has.
 */
static gboolean subchannel_above(CcwHost *host, const char *link, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *parent = target ? g_path_get_dirname(target) : NULL;
    g_autofree char *name = parent ? g_path_get_basename(parent) : NULL;

    return name && subchannel_has(host, name, id, ret_subchannel);
}

/* Searches the subchannels in a directory. */
static gboolean find_subchannel(CcwHost *host, const char *dir, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    g_autofree char *path = ccw_host_path(host, "%s", dir);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(path);

    for (guint i = 0; i < names->len; i++)
        if (subchannel_has(host, names->pdata[i], id, ret_subchannel))
            return TRUE;
    return FALSE;
}

/* The subchannel of a device that io_subchannel or vfio_ccw has. */
static gboolean bound_subchannel_of(CcwHost *host, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    char buf[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    g_autofree char *ccw = ccw_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(id, buf));
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", ccw_uuid_encode(id, uuid));

    return subchannel_above(host, ccw, id, ret_subchannel) || subchannel_above(host, mdev, id, ret_subchannel) ||
           find_subchannel(host, "bus/css/drivers/vfio_ccw", id, ret_subchannel);
}

gboolean ccw_subchannel_of(CcwHost *host, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    return bound_subchannel_of(host, id, ret_subchannel) ||
           find_subchannel(host, "bus/css/devices", id, ret_subchannel);
}

static char **mdevs_among(GPtrArray *names)
{
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();

    for (guint i = 0; i < names->len; i++)
        if (g_uuid_string_is_valid(names->pdata[i]))
            g_strv_builder_add(uuids, names->pdata[i]);
    return g_strv_builder_end(uuids);
}

char **ccw_subchannel_mdevs(CcwHost *host, const CcwBusId *subchannel)
{
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autoptr(GPtrArray) names = ccw_sysfs_dirs(dir);

    return mdevs_among(names);
}

/* The disk in DIR/block. */
static char *block_in(const char *dir)
{
    g_autofree char *block = g_build_filename(dir, "block", NULL);
    g_autoptr(GPtrArray) names = ccw_sysfs_dirs(block);

    return names->len ? g_build_filename(block, names->pdata[0], NULL) : NULL;
}

/* A DASD has its disk in its own directory, a virtio device one below: in virtio3. */
static char *block_dir_of(const char *ccw)
{
    g_autoptr(GPtrArray) names = ccw_sysfs_dirs(ccw);
    char *block = NULL;

    for (guint i = 0; i < names->len && !block; i++) {
        g_autofree char *below = g_build_filename(ccw, names->pdata[i], NULL);

        if (strcmp(names->pdata[i], "block") == 0)
            block = block_in(ccw);
        else if (g_str_has_prefix(names->pdata[i], "virtio"))
            block = block_in(below);
    }
    return block;
}

/* drivers/s390/cio/ccwgroup.c: a device of a group has a link group_device. */
char *ccw_device_group(CcwHost *host, const CcwBusId *id)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = ccw_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(id, buf));

    return ccw_sysfs_link_name(dir, "group_device");
}

/* What there is while the subchannel is bound to io_subchannel. */
static void read_ccw(CcwHostDevice *device, const char *ccw)
{
    g_autofree char *online = ccw_sysfs_attr(ccw, "online");
    g_autofree char *alias = ccw_sysfs_attr(ccw, "alias"); /* drivers/s390/block/dasd_devmap.c */

    device->online = online ? strcmp(online, "0") != 0 : -1;
    device->cutype = ccw_sysfs_attr(ccw, "cutype");
    device->devtype = ccw_sysfs_attr(ccw, "devtype");
    device->availability = ccw_sysfs_attr(ccw, "availability");
    device->device_driver = ccw_sysfs_link_name(ccw, "driver");
    device->alias = g_strcmp0(alias, "1") == 0;
    device->block_dir = block_dir_of(ccw);
    device->block = device->block_dir ? g_path_get_basename(device->block_dir) : NULL;
}

static CcwHostDevice *read_device(CcwHost *host, const CcwBusId *subchannel, const CcwBusId *id)
{
    CcwHostDevice *device = g_new0(CcwHostDevice, 1);
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autofree char *ccw = g_build_filename(dir, ccw_bus_id_format(id, buf), NULL);
    g_autoptr(GPtrArray) names = ccw_sysfs_dirs(dir);

    device->bus_id = *id;
    device->subchannel = *subchannel;
    device->driver = ccw_sysfs_link_name(dir, "driver");
    device->chpids = ccw_sysfs_attr(dir, "chpids");
    device->paths = ccw_sysfs_attr(dir, "pimpampom");
    device->mdevs = mdevs_among(names);
    device->online = -1;
    if (g_ptr_array_find_with_equal_func(names, buf, g_str_equal, NULL))
        read_ccw(device, ccw);
    return device;
}

static gint compare_devices(gconstpointer a, gconstpointer b)
{
    const CcwHostDevice *const *x = a;
    const CcwHostDevice *const *y = b;
    guint i = ccw_bus_id_hash(&(*x)->bus_id); /* the hash is the number itself */
    guint j = ccw_bus_id_hash(&(*y)->bus_id);

    return i < j ? -1 : i > j;
}

/* Appends the devices of those subchannels that a directory has links to. */
static void read_devices(CcwHost *host, const char *dir, GPtrArray *devices)
{
    g_autoptr(GPtrArray) names = ccw_sysfs_names(dir);

    for (guint i = 0; i < names->len; i++) {
        CcwBusId subchannel, id;

        if (ccw_bus_id_parse(names->pdata[i], &subchannel, NULL) && subchannel_device(host, &subchannel, &id))
            g_ptr_array_add(devices, read_device(host, &subchannel, &id));
    }
}

GPtrArray *ccw_host_list_detached(CcwHost *host)
{
    g_autofree char *driver = ccw_host_path(host, "bus/css/drivers/vfio_ccw");
    GPtrArray *devices = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_host_device_free);

    read_devices(host, driver, devices);
    return devices;
}

gboolean ccw_host_has_css(CcwHost *host, GError **error)
{
    g_autofree char *css = ccw_host_path(host, "bus/css/devices");

    if (g_file_test(css, G_FILE_TEST_IS_DIR))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "no channel subsystem here: there is no %s; channel devices are found on IBM Z and in a lab ('virt-ccw "
                "lab')",
                css);
    return FALSE;
}

/* FALSE: error is set, to one of a device or subchannel that is not there, because nothing of that kind is. */
static gboolean has_css_for(CcwHost *host, const char *what, const CcwBusId *id, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];

    if (ccw_host_has_css(host, error))
        return TRUE;
    (*error)->code = CCW_ERROR_NOT_FOUND;
    g_prefix_error(error, "there is no %s %s: ", what, ccw_bus_id_format(id, buf));
    return FALSE;
}

GPtrArray *ccw_host_list(CcwHost *host, GError **error)
{
    g_autofree char *css = ccw_host_path(host, "bus/css/devices");
    g_autoptr(GPtrArray) devices = NULL;

    if (!ccw_host_has_css(host, error))
        return NULL;
    devices = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_host_device_free);
    read_devices(host, css, devices);
    g_ptr_array_sort(devices, compare_devices);
    return g_steal_pointer(&devices);
}

CcwHostDevice *ccw_host_lookup(CcwHost *host, const CcwBusId *id, GError **error)
{
    CcwBusId subchannel;

    if (ccw_subchannel_of(host, id, &subchannel))
        return read_device(host, &subchannel, id);
    if (error && has_css_for(host, "ccw device", id, error))
        ccw_missing_set_error(host, id, error);
    return NULL;
}

CcwHostDevice *ccw_host_lookup_bound(CcwHost *host, const CcwBusId *id)
{
    CcwBusId subchannel;

    return bound_subchannel_of(host, id, &subchannel) ? read_device(host, &subchannel, id) : NULL;
}

CcwHostDevice *ccw_host_lookup_subchannel(CcwHost *host, const CcwBusId *subchannel, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    CcwBusId id;

    if (subchannel_device(host, subchannel, &id))
        return read_device(host, subchannel, &id);
    if (error && has_css_for(host, "I/O subchannel", subchannel, error))
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no I/O subchannel %s with a device on this host",
                    ccw_bus_id_format(subchannel, buf));
    return NULL;
}
