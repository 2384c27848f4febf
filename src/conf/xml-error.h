/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The type of an error in libxml2's error handlers. */
#pragma once

#include <libxml/xmlerror.h>
#include <libxml/xmlversion.h>

/* libxml2 passes it as const since 2.12. */
#if LIBXML_VERSION >= 21200
typedef const xmlError ConfXmlError;
#else
typedef xmlError ConfXmlError;
#endif
