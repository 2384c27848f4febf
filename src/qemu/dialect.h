/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two ways to write a passed-through channel device on QEMU's command line, and the way from one to the other
 * (docs/qemu-dialects.md):
 *   stock   -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/UUID,devno=fe.0.1234
 *   series  -machine ...,s390-map-css=on -device vfio-ccw,hostid=0.0.1234,guestid=fe.0.1234
 * UUIDs are those of conf/uuid.h. Nothing here looks at the host.
 */
#pragma once

#include <glib.h>

#include "conf/conf.h"
#include "qemu/argv.h"
#include "qemu/props.h"

#define CCW_DIALECT_MDEV_DIR "/sys/bus/mdev/devices"

/* Where the guest finds a device when it is not stated: the rule for the element, too (conf/conf.h). */
CcwBusId ccw_dialect_default_guest(const CcwBusId *host, CcwMapCss map_css);

/* What a person is told who turns the feature off. */
#define CCW_DIALECT_OFF_WARNING                                                                                        \
    "s390-map-css is off: a guest sees devices outside css fe only if it enables MCSS-E, which Linux does not"

/*
 * Rewrites libvirt's stock command line in the series' dialect, and takes out what only works under libvirt's
 * supervision, so that it runs by itself. A vfio-ccw device on an mdev with a UUID that is not ours stays stock.
 */
void ccw_dialect_to_series(CcwArgv *argv, CcwMapCss map_css);

/*
 * Rewrites a command line in the series' dialect for stock QEMU. Whatever is stock already, and every other argument,
 * stays as it is. *ret_hosts: the CcwBusId of the devices that hostid= named, in order. *ret_map_css: the feature, as
 * the last -machine that states it has it.
 * Errors: CCW_ERROR_INVALID, naming the device. argv is then of no more use.
 */
gboolean ccw_dialect_to_stock(CcwArgv *argv, GArray **ret_hosts, CcwMapCss *ret_map_css, GError **error);

/*
 * ccw_dialect_check_iommufd: refuses an iommufd for devices that cannot be bound to one
 * @argv: a command line that ccw_dialect_to_stock() made
 * @is_embedded: whether the embedded channel subsystem answers for the device: it answers for VFIO groups only
 *
 * Returns: FALSE and CCW_ERROR_UNSUPPORTED, with the first such device.
 */
gboolean ccw_dialect_check_iommufd(const CcwArgv *argv,
                                   gboolean (*is_embedded)(const CcwBusId *host, gconstpointer data),
                                   gconstpointer data, GError **error);

/*
 * The same as ccw_dialect_to_stock() for the properties of one vfio-ccw device. *ret_is_series tells whether it was in
 * the series' dialect; *ret_host, if so, is its hostid.
 */
gboolean ccw_dialect_device_to_stock(CcwProps *props, CcwMapCss map_css, gboolean *ret_is_series, CcwBusId *ret_host,
                                     GError **error);

/*
 * Rewrites a command line that ccw_dialect_to_stock made for a QEMU before 2.12, which wants devices that are not
 * virtual outside css fe and maps all of them into it with s390-squash-mcss=on. A line without a device in css fe stays
 * as it is.
 */
void ccw_dialect_stock_to_squash(CcwArgv *argv);
