/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Node-device XML of channel devices. Users see one capability more than stock libvirt writes: a capability of type
 * mdev before the one of type ccw or css. virt-install attaches the device by it (docs/formatnode/ccw.rst).
 */
#pragma once

#include <glib.h>

#include "util/address.h"

/**
 * conf_advertise:
 * @ret_changed: FALSE if the text comes back equal to the byte
 *
 * Adds that capability to a <device> that has a capability ccw, or css with a device on the subchannel, and no
 * capability of type mdev yet.
 *
 * Returns: the new document, or NULL with CCW_ERROR_XML if it is not well-formed
 */
char *conf_advertise(const char *xml, gboolean *ret_changed, GError **error);

/**
 * conf_unadvertise:
 *
 * Removes that capability from the XML of a node device that a client creates or defines.
 *
 * Returns: the new document, or NULL with CCW_ERROR_XML, or CCW_ERROR_INVALID if it has that capability and exceeds a
 * bound of conf.h
 */
char *conf_unadvertise(const char *xml, gboolean *ret_changed, GError **error);

/**
 * conf_nodedev_device:
 * @xml: node-device XML of a ccw device, or of a subchannel
 * @ret_id: the ccw device, or the device on the subchannel
 *
 * Returns: FALSE if the XML is malformed or names no ccw device
 */
gboolean conf_nodedev_device(const char *xml, CcwBusId *ret_id);

/* Returns: whether @xml is node-device XML with the capability of conf_advertise() for this device. */
gboolean conf_nodedev_is_advertised(const char *xml, const CcwBusId *id);

/**
 * conf_detached_device:
 * @css_xml: libvirt's XML of the device's subchannel
 * @name: node-device name of the device
 * @parent: node-device name of its parent
 * @driver: driver of the subchannel
 *
 * Makes the XML of a ccw device that libvirt does not list, because a driver other than io_subchannel has its
 * subchannel. The XML has libvirt's form, and the capability of conf_advertise().
 *
 * Returns: NULL with CCW_ERROR_XML
 */
char *conf_detached_device(const char *css_xml, const char *name, const char *parent, const char *driver,
                           const CcwBusId *id, GError **error);
