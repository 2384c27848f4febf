/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where libvirt reads domains and host devices in a document, and where it does not: an element of the same name inside
 * <metadata> belongs to other programs.
 */
#pragma once

#include "conf/xml.h"

/* Every <domain> and <inactiveDomain>, in document order: const CcwXmlElement *. Free with g_ptr_array_unref. */
GPtrArray *ccw_walk_domains(CcwXml *xml);

/* The hostdevs of a domain (devices/hostdev), in document order; of NULL, the root element if it is a hostdev. */
GPtrArray *ccw_walk_hostdevs(CcwXml *xml, const CcwXmlElement *domain);

/*
 * ccw_walk_check_readable: refuses a document in which something of ours would go unread
 *
 * Such a document has a <hostdev> of type ccw, <s390-map-css> or a UUID that a node device advertises, and a reason for
 * which ccw_xml_root() returns NULL. libvirt would get it as it is, refuse the element and ignore the feature. The text
 * is searched, not parsed, so a comment with our element in it is refused too.
 *
 * Returns: FALSE and CCW_ERROR_INVALID.
 */
gboolean ccw_walk_check_readable(const CcwXml *xml, GError **error);
