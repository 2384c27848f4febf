/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bijection between a host ccw device and the version-8 UUID (RFC 9562, section 5.8) of its mediated device:
 *
 *     cc390000-0001-8000-8000-0000CCSSDDDD     CC cssid, SS ssid, DDDD devno
 *     cc390000-0001-8000-8000-0001CCSSDDDD     the variant that node-device XML advertises to virt-install
 */
#pragma once

#include <glib.h>

#include "util/address.h"

#define CCW_UUID_STR_LEN 37 /* with its NUL */
/* The fixed part of both variants, up to the digit that tells them apart. */
#define CCW_UUID_PREFIX "cc390000-0001-8000-8000-000"
#define CCW_UUID_ADVERTISED_PREFIX CCW_UUID_PREFIX "1"

/* Writes the one UUID of a device, lower case. Returns buf. */
const char *ccw_uuid_encode(const CcwBusId *id, char buf[CCW_UUID_STR_LEN]);

/* The same of the variant that node-device XML advertises. */
const char *ccw_uuid_encode_advertised(const CcwBusId *id, char buf[CCW_UUID_STR_LEN]);

/* TRUE if uuid (36 characters, either case) is one of ours, and then which device and which variant. */
gboolean ccw_uuid_decode(const char *uuid, CcwBusId *ret_id, gboolean *ret_advertised);

/*
 * The same of a UUID in a client's XML, which libvirt reads with virUUIDParse(): 32 hexadecimal digits of either case,
 * with blanks and hyphens between any two pairs, and white space around.
 */
gboolean ccw_uuid_decode_xml(const char *text, CcwBusId *ret_id, gboolean *ret_advertised);
