/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adds the ccw host device type and the feature s390-map-css to domain capabilities (virsh domcapabilities). Whether
 * the emulator supports them does not belong here.
 */
#pragma once

#include <glib.h>

/**
 * conf_domcaps_sample:
 * @xml: domain capabilities as libvirt writes them
 *
 * Makes the XML, in stock libvirt's form, of a small domain with the emulator, the domain type, the arch and the
 * machine type of @xml, and with one channel device.
 *
 * Returns: the XML, to be freed with g_free, or NULL if the machine type is not s390-ccw-virtio, the only one with
 * channel devices
 */
char *conf_domcaps_sample(const char *xml);

/**
 * conf_domcaps_raise:
 * @ret_changed: FALSE if @xml says that libvirt supports no host devices
 *
 * Adds "ccw" to the values of hostdev's subsysType, and the feature s390-map-css.
 *
 * Returns: the new document, or NULL with CCW_ERROR_XML
 */
char *conf_domcaps_raise(const char *xml, gboolean *ret_changed, GError **error);
