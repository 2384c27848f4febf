/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where libvirt reads domains and host devices in a document, and where it does not: an element of the same name inside
 * <metadata> is somebody else's.
 */
#pragma once

#include "conf/ccw-xml.h"

/* Every <domain> and <inactiveDomain>, in document order: const CcwXmlElement *. Free with g_ptr_array_unref. */
GPtrArray *ccw_walk_domains(CcwXml *xml);

/* The hostdevs of a domain (devices/hostdev), in document order; of NULL, the root element if it is a hostdev. */
GPtrArray *ccw_walk_hostdevs(CcwXml *xml, const CcwXmlElement *domain);
