/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The number of a subchannel changes with the set of devices, so this file finds devices by their own bus id. A
 * subchannel's dev_busid shows that also while the ccw device is unbound.
 */
#include "css/device.h"

#include <string.h>

#include "conf/uuid.h"
#include "css/host-private.h"
#include "css/missing.h"
#include "css/sysfs.h"
#include "util/error.h"

#define SUBCHANNEL_TYPE_IO "0" /* arch/s390/include/uapi/asm/schid.h, drivers/s390/cio/cio.h: SUBCHANNEL_TYPE_IO */

void css_device_free(CssDevice *device)
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
    g_free(device->found_volser);
    g_free(device);
}

static char *subchannel_dir(CssHost *host, const CcwBusId *subchannel)
{
    char buf[CCW_BUS_ID_STR_LEN];

    return css_host_path(host, "bus/css/devices/%s", ccw_bus_id_format(subchannel, buf));
}

/* Returns FALSE if it is not an I/O subchannel, or has no device: dev_busid then reads "none". */
static gboolean subchannel_device(CssHost *host, const CcwBusId *subchannel, CcwBusId *ret_device)
{
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autofree char *type = css_sysfs_attr(dir, "type");
    g_autofree char *dev_busid = css_sysfs_attr(dir, "dev_busid");

    return g_strcmp0(type, SUBCHANNEL_TYPE_IO) == 0 && dev_busid && ccw_bus_id_parse(dev_busid, ret_device, NULL);
}

static gboolean subchannel_has(CssHost *host, const char *name, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    CcwBusId subchannel, device;

    if (!ccw_bus_id_parse(name, &subchannel, NULL) || !subchannel_device(host, &subchannel, &device) ||
        !ccw_bus_id_equal(&device, id))
        return FALSE;
    *ret_subchannel = subchannel;
    return TRUE;
}

/* Finds the subchannel whose directory has the link's target: the ccw device (io_subchannel) or its mdev (vfio_ccw). */
static gboolean subchannel_above(CssHost *host, const char *link, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *parent = target ? g_path_get_dirname(target) : NULL;
    g_autofree char *name = parent ? g_path_get_basename(parent) : NULL;

    return name && subchannel_has(host, name, id, ret_subchannel);
}

/* Searches the subchannels in a directory. */
static gboolean find_subchannel(CssHost *host, const char *dir, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    g_autofree char *path = css_host_path(host, "%s", dir);
    g_autoptr(GPtrArray) names = css_sysfs_names(path);

    for (guint i = 0; i < names->len; i++)
        if (subchannel_has(host, names->pdata[i], id, ret_subchannel))
            return TRUE;
    return FALSE;
}

/* Finds the subchannel of a device that io_subchannel or vfio_ccw has. */
static gboolean bound_subchannel_of(CssHost *host, const CcwBusId *id, CcwBusId *ret_subchannel)
{
    char buf[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];
    g_autofree char *ccw = css_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(id, buf));
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", conf_uuid_encode(id, uuid));

    return subchannel_above(host, ccw, id, ret_subchannel) || subchannel_above(host, mdev, id, ret_subchannel) ||
           find_subchannel(host, "bus/css/drivers/vfio_ccw", id, ret_subchannel);
}

gboolean css_subchannel_of(CssHost *host, const CcwBusId *id, CcwBusId *ret_subchannel)
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

char **css_subchannel_mdevs(CssHost *host, const CcwBusId *subchannel)
{
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autoptr(GPtrArray) names = css_sysfs_dirs(dir);

    return mdevs_among(names);
}

/* Returns the directory of the disk in DIR/block. */
static char *block_in(const char *dir)
{
    g_autofree char *block = g_build_filename(dir, "block", NULL);
    g_autoptr(GPtrArray) names = css_sysfs_dirs(block);

    return names->len ? g_build_filename(block, names->pdata[0], NULL) : NULL;
}

/* A DASD has its disk in its own directory, a virtio device one below: in virtio3. */
static char *block_dir_of(const char *ccw)
{
    g_autoptr(GPtrArray) names = css_sysfs_dirs(ccw);
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
char *css_device_group(CssHost *host, const CcwBusId *id)
{
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = css_host_path(host, "bus/ccw/devices/%s", ccw_bus_id_format(id, buf));

    return css_sysfs_link_name(dir, "group_device");
}

/* Reads the attributes that exist while the subchannel is bound to io_subchannel. */
static void read_ccw(CssDevice *device, const char *ccw)
{
    g_autofree char *online = css_sysfs_attr(ccw, "online");
    g_autofree char *alias = css_sysfs_attr(ccw, "alias"); /* drivers/s390/block/dasd_devmap.c */

    device->online = online ? strcmp(online, "0") != 0 : -1;
    device->cutype = css_sysfs_attr(ccw, "cutype");
    device->devtype = css_sysfs_attr(ccw, "devtype");
    device->availability = css_sysfs_attr(ccw, "availability");
    device->device_driver = css_sysfs_link_name(ccw, "driver");
    device->alias = g_strcmp0(alias, "1") == 0;
    device->block_dir = block_dir_of(ccw);
    device->block = device->block_dir ? g_path_get_basename(device->block_dir) : NULL;
}

static CssDevice *read_device(CssHost *host, const CcwBusId *subchannel, const CcwBusId *id)
{
    CssDevice *device = g_new0(CssDevice, 1);
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = subchannel_dir(host, subchannel);
    g_autofree char *ccw = g_build_filename(dir, ccw_bus_id_format(id, buf), NULL);
    g_autoptr(GPtrArray) names = css_sysfs_dirs(dir);

    device->bus_id = *id;
    device->subchannel = *subchannel;
    device->driver = css_sysfs_link_name(dir, "driver");
    device->chpids = css_sysfs_attr(dir, "chpids");
    device->paths = css_sysfs_attr(dir, "pimpampom");
    device->mdevs = mdevs_among(names);
    device->online = -1;
    if (g_ptr_array_find_with_equal_func(names, buf, g_str_equal, NULL))
        read_ccw(device, ccw);
    return device;
}

static gint compare_devices(gconstpointer a, gconstpointer b)
{
    const CssDevice *const *x = a;
    const CssDevice *const *y = b;
    guint i = ccw_bus_id_hash(&(*x)->bus_id); /* the hash orders like the bus id */
    guint j = ccw_bus_id_hash(&(*y)->bus_id);

    return i < j ? -1 : i > j;
}

/* Appends the devices of the subchannels to which a directory has links. */
static void read_devices(CssHost *host, const char *dir, GPtrArray *devices)
{
    g_autoptr(GPtrArray) names = css_sysfs_names(dir);

    for (guint i = 0; i < names->len; i++) {
        CcwBusId subchannel, id;

        if (ccw_bus_id_parse(names->pdata[i], &subchannel, NULL) && subchannel_device(host, &subchannel, &id))
            g_ptr_array_add(devices, read_device(host, &subchannel, &id));
    }
}

GPtrArray *css_host_list_detached(CssHost *host)
{
    g_autofree char *driver = css_host_path(host, "bus/css/drivers/vfio_ccw");
    GPtrArray *devices = g_ptr_array_new_with_free_func((GDestroyNotify)css_device_free);

    read_devices(host, driver, devices);
    return devices;
}

gboolean css_host_has_css(CssHost *host, GError **error)
{
    g_autofree char *css = css_host_path(host, "bus/css/devices");

    if (g_file_test(css, G_FILE_TEST_IS_DIR))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "no channel subsystem here: there is no %s; channel devices are found on IBM Z and in a lab ('virt-ccw "
                "lab')",
                css);
    return FALSE;
}

/* Without a channel subsystem, sets the error that the device or subchannel (noun) does not exist. */
static gboolean has_css_for(CssHost *host, const char *noun, const CcwBusId *id, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];

    if (css_host_has_css(host, error))
        return TRUE;
    (*error)->code = CCW_ERROR_NOT_FOUND;
    g_prefix_error(error, "there is no %s %s: ", noun, ccw_bus_id_format(id, buf));
    return FALSE;
}

GPtrArray *css_host_list(CssHost *host, GError **error)
{
    g_autofree char *css = css_host_path(host, "bus/css/devices");
    g_autoptr(GPtrArray) devices = NULL;

    if (!css_host_has_css(host, error))
        return NULL;
    devices = g_ptr_array_new_with_free_func((GDestroyNotify)css_device_free);
    read_devices(host, css, devices);
    g_ptr_array_sort(devices, compare_devices);
    return g_steal_pointer(&devices);
}

CssDevice *css_host_lookup(CssHost *host, const CcwBusId *id, GError **error)
{
    CcwBusId subchannel;

    if (css_subchannel_of(host, id, &subchannel))
        return read_device(host, &subchannel, id);
    if (error && has_css_for(host, "ccw device", id, error))
        css_missing_set_error(host, id, error);
    return NULL;
}

CssDevice *css_host_lookup_bound(CssHost *host, const CcwBusId *id)
{
    CcwBusId subchannel;

    return bound_subchannel_of(host, id, &subchannel) ? read_device(host, &subchannel, id) : NULL;
}

CssDevice *css_host_lookup_subchannel(CssHost *host, const CcwBusId *subchannel, GError **error)
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
