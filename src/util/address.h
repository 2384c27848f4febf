/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bus id of a ccw device or a subchannel: cssid.ssid.devno, as the kernel
 * names them in sysfs ("0.0.1234", drivers/s390/cio/device.c: "0.%x.%04x").
 */
#pragma once

#include <glib.h>

#define CCW_CSSID_MAX 0xfe     /* 0xff is not a channel subsystem image */
#define CCW_CSSID_VIRTUAL 0xfe /* the css of QEMU's virtio-ccw devices, a guest's default css */
#define CCW_SSID_MAX 3         /* subchannel sets of an image */
#define CCW_BUS_ID_STR_LEN sizeof("fe.3.ffff")

typedef struct {
    guint8 cssid;
    guint8 ssid;
    guint16 devno; /* of a subchannel: its number */
} CcwBusId;

/*
 * Reads "CSSID.SSID.DEVNO", hexadecimal, exactly four digits of devno as the kernel writes them: from sysfs and files
 * of our own. What a user wrote is for ccw_bus_id_read(). Errors: CCW_ERROR_INVALID. *ret_id is written on success
 * only.
 */
gboolean ccw_bus_id_parse(const char *text, CcwBusId *ret_id, GError **error);

/**
 * ccw_bus_id_read:
 * @text: what a user wrote
 * @ret_id: written on success only
 *
 * Reads a bus id as the tools of s390-tools do: "0.0.1234", "1234" for it, each number hexadecimal with or without "0x"
 * and leading zeros; and libvirt's name of the device, "ccw_0_0_1234". Every option and argument that names a device is
 * read by this function.
 *
 * Returns: FALSE with CCW_ERROR_INVALID and a message that says how a bus id is written
 */
gboolean ccw_bus_id_read(const char *text, CcwBusId *ret_id, GError **error);

/* Writes the kernel's spelling, lower case. Returns buf, for use in an argument list. */
const char *ccw_bus_id_format(const CcwBusId *id, char buf[CCW_BUS_ID_STR_LEN]);

char *ccw_bus_id_to_string(const CcwBusId *id);

/* For GHashTable; both take const CcwBusId *. */
guint ccw_bus_id_hash(gconstpointer id);
gboolean ccw_bus_id_equal(gconstpointer a, gconstpointer b);
