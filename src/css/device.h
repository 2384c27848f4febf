/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the channel devices of a host from sysfs. hostdev/journal.h knows the owner of a device; hostdev/steps.h
 * changes a device.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

#define CSS_DRIVER_IO "io_subchannel" /* the driver of a subchannel whose device the host uses */
#define CSS_DRIVER_VFIO "vfio_ccw"

typedef struct {
    CcwBusId bus_id; /* of the ccw device */
    CcwBusId subchannel;
    char *cutype;          /* "3990/e9"; NULL if the ccw device is unbound; hostdev_owner_read() then sets it */
    char *devtype;         /* "3390/0c"; NULL as for cutype */
    char *driver;          /* of the subchannel: "io_subchannel", "vfio_ccw", NULL */
    char *device_driver;   /* of the ccw device: "dasd-eckd", NULL */
    char *chpids;          /* as in sysfs: "00 00 ..." */
    char *paths;           /* "80 80 ff": path-installed, -available and -operational masks */
    char *availability;    /* of the ccw device: "good", "boxed", "no path", "no device"; NULL if it is detached */
    gboolean alias;        /* a PAV alias: carries I/O for its base DASD, has no disk */
    char *block;           /* "dasda", NULL */
    char *block_dir;       /* directory of the disk in sysfs */
    gint online;           /* 1, 0; -1 without that attribute (detached) */
    char **mdevs;          /* UUIDs on the subchannel, NULL-terminated */
    char *owner;           /* set by hostdev_owner_read(); NULL before */
    char *found_volser;    /* of the volume when the device was detached; set by hostdev_owner_read(); NULL: unknown */
    gboolean is_releasing; /* set by hostdev_owner_read() */
} CssDevice;
void css_device_free(CssDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CssDevice, css_device_free)

/* Returns: FALSE with CCW_ERROR_UNSUPPORTED if the host has no channel subsystem. */
gboolean css_host_has_css(CssHost *host, GError **error);

/**
 * css_host_list:
 *
 * Returns: each I/O subchannel with a device, as CssDevice *, ordered by bus id, or NULL with CCW_ERROR_UNSUPPORTED if
 * the host has no channel subsystem
 */
GPtrArray *css_host_list(CssHost *host, GError **error);

/* Returns: the devices whose subchannels are bound to vfio_ccw, in no order. Reads no other subchannels. */
GPtrArray *css_host_list_detached(CssHost *host);

/* Returns: the device with this bus id, or NULL with CCW_ERROR_NOT_FOUND. */
CssDevice *css_host_lookup(CssHost *host, const CcwBusId *id, GError **error);

/**
 * css_host_lookup_bound:
 * @id: the bus id of a ccw device
 *
 * Looks up a device whose subchannel is bound to io_subchannel or vfio_ccw. Searches no other subchannels, so the time
 * does not grow with the number of devices.
 *
 * Returns: NULL if neither driver has the device
 */
CssDevice *css_host_lookup_bound(CssHost *host, const CcwBusId *id);

/* The same as css_host_lookup(), by subchannel: css_0_0_0034 of libvirt's node devices (conf/node-name.h). */
CssDevice *css_host_lookup_subchannel(CssHost *host, const CcwBusId *subchannel, GError **error);

/* Finds the subchannel that has a device now. Returns: FALSE if no subchannel has it. */
gboolean css_subchannel_of(CssHost *host, const CcwBusId *id, CcwBusId *ret_subchannel);

/* Returns: the UUIDs of the mediated devices on a subchannel, NULL-terminated; free with g_strfreev. */
char **css_subchannel_mdevs(CssHost *host, const CcwBusId *subchannel);

/* Returns: the group device ("0.0.f5f0") of a member device (qeth), to be freed with g_free; else NULL. */
char *css_device_group(CssHost *host, const CcwBusId *id);
