/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the domains and host devices of a document that libvirt reads. An element of the same name inside <metadata>
 * belongs to another program.
 */
#pragma once

#include "conf/xml.h"

/*
 * Returns: each <domain> and <inactiveDomain> in document order, as const ConfXmlElement *; free with g_ptr_array_unref
 */
GPtrArray *conf_find_domains(ConfXml *xml);

/**
 * conf_find_hostdevs:
 * @domain: NULL: look at the root element of the document, which may be a hostdev
 *
 * Returns: the hostdevs of the domain (devices/hostdev) in document order, as const ConfXmlElement *
 */
GPtrArray *conf_find_hostdevs(ConfXml *xml, const ConfXmlElement *domain);

/**
 * conf_may_have_hostdev:
 * @text: of a document that cannot be parsed
 *
 * Searches the bytes of the document.
 *
 * Returns: FALSE if the document certainly has no ccw hostdev, lowered or not
 */
gboolean conf_may_have_hostdev(const char *text);

/**
 * conf_check_readable:
 *
 * Rejects a document that conf_xml_root() does not read (NULL), but that seems to have a ccw hostdev, <s390-map-css> or
 * a UUID that a node device advertises. libvirt would get such a document unchanged, reject the element and ignore the
 * feature. This function cannot parse the text: it searches, and also rejects a comment that has such an element.
 *
 * Returns: FALSE with CCW_ERROR_INVALID
 */
gboolean conf_check_readable(const ConfXml *xml, GError **error);
