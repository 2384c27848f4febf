/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities (virsh domcapabilities) as our users read them: with the host device type and the feature that
 * there are besides stock libvirt's. Whether the emulator is fit for them does not belong here.
 */
#pragma once

#include <glib.h>

/*
 * ccw_conf_domcaps_sample:
 * @xml: domain capabilities as libvirt writes them
 *
 * Makes the XML, in libvirt's own form, of a small domain with the emulator, the domain type, the arch and the machine
 * type that @xml describes, and with one channel device.
 *
 * Returns: NULL if the machine type is not s390-ccw-virtio, which is the only one with channel devices. Free with
 * g_free.
 */
char *ccw_conf_domcaps_sample(const char *xml);

/*
 * The document with "ccw" among the values of hostdev's subsysType, and the feature s390-map-css. *ret_changed is FALSE
 * if libvirt says there that it knows no host devices. Error: CCW_ERROR_XML.
 */
char *ccw_conf_domcaps_raise(const char *xml, gboolean *ret_changed, GError **error);
