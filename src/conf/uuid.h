/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bijection between a host ccw device and the version-8 UUID (RFC 9562, section 5.8) of its mediated device:
 *
 *     cc390000-0001-8000-8000-0000CCSSDDDD     CC cssid, SS ssid, DDDD devno
 *     cc390000-0001-8000-8000-0001CCSSDDDD     advertised: node-device XML shows this one to virt-install
 */
#pragma once

#include <glib.h>

#include "util/address.h"

#define CONF_MDEV_TYPE "vfio_ccw-io" /* of all these mediated devices (drivers/s390/cio/vfio_ccw_ops.c) */
#define CONF_UUID_STR_LEN 37         /* with its NUL */
/* The common prefix of both, before the digit that distinguishes them. */
#define CONF_UUID_PREFIX "cc390000-0001-8000-8000-000"
#define CONF_UUID_ADVERTISED_PREFIX CONF_UUID_PREFIX "1"

/* Writes the UUID of a device's mediated device, lower case. Returns: @buf. */
const char *conf_uuid_encode(const CcwBusId *id, char buf[CONF_UUID_STR_LEN]);

/* Writes the advertised UUID of a device, lower case. Returns: @buf. */
const char *conf_uuid_encode_advertised(const CcwBusId *id, char buf[CONF_UUID_STR_LEN]);

/**
 * conf_uuid_decode:
 * @uuid: 36 characters of either case
 * @ret_advertised: whether it is the advertised UUID
 *
 * Returns: FALSE if the UUID encodes no ccw device
 */
gboolean conf_uuid_decode(const char *uuid, CcwBusId *ret_id, gboolean *ret_advertised);

/*
 * The same for a UUID in a client's XML, in any form that libvirt's virUUIDParse() reads: 32 hexadecimal digits of
 * either case, with blanks and hyphens between any two pairs, and white space around them.
 */
gboolean conf_uuid_decode_xml(const char *text, CcwBusId *ret_id, gboolean *ret_advertised);
