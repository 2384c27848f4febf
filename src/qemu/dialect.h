/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Converts QEMU's command lines with channel devices between their two dialects (docs/qemu-dialects.md), without access
 * to the host: stock   -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/UUID,devno=fe.0.1234 series  -machine
 * ...,s390-map-css=on -device vfio-ccw,hostid=0.0.1234,guestid=fe.0.1234 The UUIDs are those of conf/uuid.h.
 */
#pragma once

#include <glib.h>

#include "conf/conf.h"
#include "qemu/argv.h"
#include "qemu/props.h"

#define QEMU_DIALECT_MDEV_DIR "/sys/bus/mdev/devices"

/* Returns: the guest address of a device without a stated one, as for the element in XML (conf/conf.h). */
CcwBusId qemu_dialect_default_guest(const CcwBusId *host, ConfMapCss map_css);

/* The warning for users who turn the feature off. */
#define QEMU_DIALECT_OFF_WARNING                                                                                       \
    "s390-map-css is off: a guest sees devices outside css fe only if it enables MCSS-E, which Linux does not"

/**
 * qemu_dialect_to_series: Converts libvirt's stock command line to the series' dialect, and removes the arguments that
 * work only with libvirt. A vfio-ccw device with a UUID that is not ours stays stock.
 */
void qemu_dialect_to_series(QemuArgv *argv, ConfMapCss map_css);

/**
 * qemu_dialect_to_stock: Converts a command line in the series' dialect for stock QEMU. Stock devices and other
 * arguments stay as they are.
 * @argv: changed; not usable after an error
 * @ret_hosts: CcwBusId of each hostid=, in their order
 * @ret_map_css: the feature in the last -machine that states it
 *
 * Returns: FALSE with CCW_ERROR_INVALID, which names the device.
 */
gboolean qemu_dialect_to_stock(QemuArgv *argv, GArray **ret_hosts, ConfMapCss *ret_map_css, GError **error);

/**
 * qemu_dialect_check_iommufd: Rejects an iommufd of an embedded device, which knows VFIO groups only.
 * @argv: the result of qemu_dialect_to_stock()
 * @is_embedded: returns whether a device is an embedded one
 * @data: passed to @is_embedded
 *
 * Returns: FALSE with CCW_ERROR_UNSUPPORTED and the first such device.
 */
gboolean qemu_dialect_check_iommufd(const QemuArgv *argv,
                                    gboolean (*is_embedded)(const CcwBusId *host, gconstpointer data),
                                    gconstpointer data, GError **error);

/**
 * qemu_dialect_device_to_stock: Does for one vfio-ccw device what qemu_dialect_to_stock() does for a command line.
 * @ret_is_series: whether the device was in the series' dialect
 * @ret_host: its hostid; written if @ret_is_series
 *
 * Returns: FALSE with CCW_ERROR_INVALID.
 */
gboolean qemu_dialect_device_to_stock(QemuProps *props, ConfMapCss map_css, gboolean *ret_is_series, CcwBusId *ret_host,
                                      GError **error);

/**
 * qemu_dialect_stock_to_squash: Converts the result of qemu_dialect_to_stock() for a QEMU with s390-squash-mcss. Such a
 * QEMU needs devices that are not virtual outside css fe, and maps all of them into it with s390-squash-mcss=on. A
 * command line without a device in css fe stays as it is.
 */
void qemu_dialect_stock_to_squash(QemuArgv *argv);
