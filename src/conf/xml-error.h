/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CCW_XML_ERROR_H
#define CCW_XML_ERROR_H

#include <libxml/xmlerror.h>
#include <libxml/xmlversion.h>

/* What libxml2 hands to an error handler: const since 2.12. */
#if LIBXML_VERSION >= 21200
typedef const xmlError CcwXmlError;
#else
typedef xmlError CcwXmlError;
#endif

#endif
