/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The validation that virtccwd does of a client's XML. It needs the XML alone: it starts no program, opens no file that
 * the XML names, and keeps nothing. Whether the emulator has vfio-ccw is libvirt's to check, at define and at start.
 */
#pragma once

#include "conf/conf.h"
#include "css/host.h"

/*
 * ccw_validator_check:
 * @xml: a domain or a bare hostdev, as the client sent it
 * @map_css: for a bare hostdev the feature of its domain; NULL if it is not known
 *
 * Checks the ccw devices in @xml before libvirt authorises the call: the time is linear in the length of @xml. For any
 * thread.
 *
 * Returns: FALSE and CCW_ERROR_INVALID (the XML contradicts itself) or CCW_ERROR_UNSUPPORTED (QEMU cannot do it).
 */
gboolean ccw_validator_check(const char *xml, const CcwMapCss *map_css, GError **error);

/*
 * ccw_validator_read:
 * @xml: a domain
 * @devices: its ccw devices are added, of CcwQemuDevice, for ccw_qemu_warn_of_devices()
 *
 * Looks for what ccw_validator_warn() does, but for the devices on the host. Reads nothing but @xml.
 *
 * Returns: an array of char *, a line each.
 */
GPtrArray *ccw_validator_read(const char *xml, GArray *devices);

/*
 * ccw_validator_warn:
 * @xml: as ccw_validator_check; also in libvirt's own form
 * @map_css: as ccw_validator_check
 * @host: where the devices are looked up; NULL for no look-up
 *
 * Looks for what an administrator should know of @xml and is no error: a device that @host does not have or that is not
 * a DASD, and <s390-map-css state='off'/>. Reads sysfs: call it in a worker, and only after libvirt authorised the
 * call.
 *
 * Returns: an array of char *, a line each.
 */
GPtrArray *ccw_validator_warn(const char *xml, const CcwMapCss *map_css, CcwHost *host);
