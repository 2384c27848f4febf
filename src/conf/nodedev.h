/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Node-device XML of channel devices as our users read it. The one difference to stock libvirt's is a capability of
 * type mdev before that of type ccw or css, so that virtinst knows what to do with such a device
 * (docs/formatnode/ccw.rst).
 */
#pragma once

#include <glib.h>

#include "util/address.h"

/*
 * The document with that capability, if it is a <device> with the capability ccw, or css with a device on the
 * subchannel, and has none of type mdev yet. *ret_changed is TRUE then; else the text is equal to the byte.
 * Error: CCW_ERROR_XML (not well-formed).
 */
char *ccw_conf_advertise(const char *xml, gboolean *ret_changed, GError **error);

/*
 * The other way, for a node device that is to be made or defined: the document without that capability.
 * Errors: CCW_ERROR_XML; CCW_ERROR_INVALID, if it has that capability and is beyond a bound of conf.h.
 */
char *ccw_conf_unadvertise(const char *xml, gboolean *ret_changed, GError **error);

/*
 * A ccw device that libvirt does not list, because its subchannel has another driver than io_subchannel, in the form
 * that libvirt would give it and advertised. css_xml is its subchannel's, as libvirt has it; name and parent are node
 * devices' names. Error: CCW_ERROR_XML.
 */
char *ccw_conf_detached_device(const char *css_xml, const char *name, const char *parent, const char *driver,
                               const CcwBusId *id, GError **error);
