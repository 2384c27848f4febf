/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names while a document is read: the prefixes of namespaces that are in scope, and the attributes of one element. Both
 * are kept up to a bound of conf.h and only counted beyond it. A part of xml-scan.h.
 */
#pragma once

#include "conf/conf.h"
#include "conf/xml.h"

typedef struct {
    const char *prefix;
    gsize length;
    guint32 namespace; /* as in CcwXmlElement */
} CcwXmlDeclaration;

typedef struct {
    guint32 element; /* of the attribute; from 1 */
    guint32 length;
    const char *name;
} CcwXmlSlot;

typedef struct {
    CcwXmlDeclaration declarations[CCW_CONF_NAMESPACES_MAX];
    guint count;                                   /* of the declarations in scope, with those that are not kept */
    guint32 default_namespace;                     /* of elements without a prefix */
    gboolean has_slots;                            /* slots have been initialised, for the first name in them */
    CcwXmlSlot slots[2 * CCW_CONF_ATTRIBUTES_MAX]; /* a hash table; those of other elements count as free */
} CcwXmlScope;

/* Every document has the prefix "xml". */
void ccw_xml_scope_init(CcwXmlScope *scope, CcwXml *xml);

/*
 * ccw_xml_scope_declare: takes the declaration of a namespace
 * @attr: an attribute of text, for which ccw_xml_is_declaration() holds
 *
 * Returns: FALSE if Namespaces in XML does not allow the declaration and libxml2 ignores it.
 */
gboolean ccw_xml_scope_declare(CcwXmlScope *scope, CcwXml *xml, const CcwXmlAttr *attr);

/* The namespace of that prefix, as in CcwXmlElement. 0: no declaration of it is in scope, or kept. */
guint32 ccw_xml_scope_find(const CcwXmlScope *scope, const char *prefix, gsize length);

/*
 * ccw_xml_scope_is_repeated: notes the name of an attribute
 * @element: a number for the element, from 1
 *
 * At most CCW_CONF_ATTRIBUTES_MAX for each element.
 *
 * Returns: TRUE if that element has an attribute of that name already.
 */
gboolean ccw_xml_scope_is_repeated(CcwXmlScope *scope, guint32 element, const char *name, gsize length);
