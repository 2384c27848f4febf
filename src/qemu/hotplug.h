/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rewrites QMP commands of users for stock QEMU: device_add with hostid=, as dialect.h does for -device.
 * launcher/monitor.h has the connections.
 */
#pragma once

#include "conf/conf.h"

/* Returns: whether qemu-ccw can give the guest this device of the host, else FALSE with an error. */
typedef gboolean (*QemuHotplugCheck)(const CcwBusId *host, gconstpointer data, GError **error);

typedef struct {
    ConfMapCss map_css;
    QemuHotplugCheck check;
    gconstpointer data; /* for check */
} QemuHotplug;

/**
 * qemu_hotplug_measure: Finds the end of the first JSON object in a text. QMP is a stream of objects on any number of
 * lines, with strings in single or double quotes.
 *
 * Returns: the number of bytes up to the end of the object; 0 if the object is not complete.
 */
gsize qemu_hotplug_measure(const char *text, gsize length);

/**
 * qemu_hotplug_rewrite: Rewrites a device_add of vfio-ccw with hostid or guestid. Other commands stay as they are.
 * @ret_is_rejected: whether QEMU must not get the command
 *
 * Returns: the command for QEMU; if @ret_is_rejected, a line with the answer to the sender. Free with g_free().
 */
char *qemu_hotplug_rewrite(const QemuHotplug *hotplug, const char *command, gboolean *ret_is_rejected);
