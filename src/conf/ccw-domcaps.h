/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities (virsh domcapabilities) as our users read them: with the host device type and the feature that
 * there are besides stock libvirt's. Whether the emulator is fit for them does not belong here.
 */
#pragma once

#include <glib.h>

/*
 * The path of the emulator that the document describes, if it is one for which there is something to add: of machine
 * s390-ccw-virtio. NULL if not. Free with g_free.
 */
char *ccw_conf_domcaps_emulator(const char *xml);

/*
 * The document with "ccw" among the values of hostdev's subsysType, and the feature s390-map-css. *ret_changed is FALSE
 * if libvirt says there that it knows no host devices. Error: CCW_ERROR_XML.
 */
char *ccw_conf_domcaps_raise(const char *xml, gboolean *ret_changed, GError **error);
