/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bus id of a ccw device or a subchannel: cssid.ssid.devno. The kernel uses it as the name in sysfs ("0.0.1234",
 * drivers/s390/cio/device.c: "0.%x.%04x").
 */
#pragma once

#include <glib.h>

#define CCW_CSSID_MAX 0xfe     /* 0xff is not a channel subsystem image */
#define CCW_CSSID_VIRTUAL 0xfe /* QEMU puts virtio-ccw devices here: a guest's default css */
#define CCW_SSID_MAX 3         /* subchannel sets of an image */
#define CCW_BUS_ID_STR_LEN sizeof("fe.3.ffff")

typedef struct {
    guint8 cssid;
    guint8 ssid;
    guint16 devno; /* the device number, or the number of a subchannel */
} CcwBusId;

/**
 * ccw_bus_id_parse:
 * @text: from sysfs or from a file that this project wrote
 * @ret_id: written on success only
 *
 * Reads "CSSID.SSID.DEVNO" as the kernel writes it: hexadecimal, with exactly four digits of devno. For user input use
 * ccw_bus_id_read().
 *
 * Returns: FALSE with CCW_ERROR_INVALID
 */
gboolean ccw_bus_id_parse(const char *text, CcwBusId *ret_id, GError **error);

/**
 * ccw_bus_id_read:
 * @text: user input
 * @ret_id: written on success only
 *
 * Reads a bus id as s390-tools do: "0.0.1234", or "1234" for short. Each number is hexadecimal, with or without "0x"
 * and leading zeros. Also reads libvirt's name of the device, "ccw_0_0_1234". Use this function for every option and
 * argument that names a device.
 *
 * Returns: FALSE with CCW_ERROR_INVALID and a message that explains how to write a bus id
 */
gboolean ccw_bus_id_read(const char *text, CcwBusId *ret_id, GError **error);

/**
 * ccw_bus_id_format:
 *
 * Writes the kernel's spelling, lower case, into @buf.
 *
 * Returns: @buf, for use in an argument list
 */
const char *ccw_bus_id_format(const CcwBusId *id, char buf[CCW_BUS_ID_STR_LEN]);

/* Returns: the same as a new string; free with g_free. */
char *ccw_bus_id_to_string(const CcwBusId *id);

/* For GHashTable; keys are const CcwBusId *. Two bus ids have the same hash only if they are equal. */
guint ccw_bus_id_hash(gconstpointer id);
gboolean ccw_bus_id_equal(gconstpointer a, gconstpointer b);
