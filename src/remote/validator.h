/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd's validation of a client's XML. It needs only the XML: it starts no program, opens no file that the XML
 * names, and keeps no state. libvirt checks whether the emulator has vfio-ccw, when it defines and starts the domain.
 */
#pragma once

#include "conf/conf.h"
#include "css/host.h"

/* Remarks on a document that are not errors. Empty if all 0. */
typedef struct {
    GPtrArray *warnings; /* of QemuWarning *, or NULL */
    GArray *devices;     /* of QemuDevice: devices of the document, for remote_validator_look_up(); or NULL */
} RemoteRemarks;

void remote_remarks_clear(RemoteRemarks *remarks);

/**
 * remote_validator_check:
 * @xml: a domain or a bare hostdev, as the client sent it
 * @map_css: for a bare hostdev: the feature of its domain; NULL if unknown
 * @remarks: empty; receives the remarks on @xml
 *
 * Checks the ccw devices in @xml before libvirt authorises the call, in linear time. For any thread.
 *
 * Returns: FALSE and CCW_ERROR_INVALID (the XML contradicts itself) or CCW_ERROR_UNSUPPORTED (QEMU does not support
 * it).
 */
gboolean remote_validator_check(ConfXml *xml, const ConfMapCss *map_css, RemoteRemarks *remarks, GError **error);

/**
 * remote_validator_look_up:
 * @host: NULL: does nothing
 *
 * Adds a warning for each device of @remarks that @host does not have or that is not a DASD. Reads sysfs: call it in a
 * worker, and only after libvirt has authorised the call.
 */
void remote_validator_look_up(RemoteRemarks *remarks, CssHost *host);
