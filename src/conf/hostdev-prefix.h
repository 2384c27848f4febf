/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rejects attributes with a namespace prefix in a ccw <hostdev>. */
#pragma once

#include "conf/xml.h"

/**
 * conf_hostdev_check_prefixes:
 * @hostdev: any <hostdev>
 *
 * libvirt ignores the prefix and the namespace of an attribute, and uses the first attribute with the name (libxml2's
 * xmlGetProp()). The schema and conf/hostdev.c do not. All of them read an element alike only if its attributes have no
 * prefixes.
 *
 * Returns: FALSE with CCW_ERROR_INVALID if the element may be a ccw host device and has a prefixed attribute, up to two
 * levels deep
 */
gboolean conf_hostdev_check_prefixes(const ConfXml *xml, const ConfXmlElement *hostdev, GError **error);
