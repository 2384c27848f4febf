/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names in scope during a scan: the prefixes of namespaces, and the attributes of one element. The scope stores as
 * many as the bounds of conf.h allow, and only counts the others.
 */
#pragma once

#include "conf/conf.h"
#include "conf/xml-types.h"

typedef struct {
    const char *prefix;
    gsize length;
    guint32 namespace; /* as in ConfXmlElement */
} ConfXmlDeclaration;

typedef struct {
    guint32 element; /* number of the attribute's element, from 1 */
    guint32 length;
    const char *name;
} ConfXmlSlot;

typedef struct {
    ConfXmlDeclaration declarations[CONF_NAMESPACES_MAX];
    guint count;                                /* of all declarations in scope, stored or not */
    guint32 default_namespace;                  /* of elements without a prefix */
    gboolean has_slots;                         /* slots are initialised: only when the first name is stored */
    ConfXmlSlot slots[2 * CONF_ATTRIBUTES_MAX]; /* a hash table; slots of other elements are free */
} ConfXmlScope;

/* Declares the prefix "xml", which every document has. */
void conf_xml_scope_init(ConfXmlScope *scope, ConfXml *xml);

/**
 * conf_xml_scope_declare:
 * @attr: an attribute for which conf_xml_is_declaration() returns TRUE
 *
 * Adds a namespace declaration to the scope.
 *
 * Returns: FALSE if "Namespaces in XML" forbids the declaration; libxml2 ignores such a one, too
 */
gboolean conf_xml_scope_declare(ConfXmlScope *scope, ConfXml *xml, const ConfXmlAttr *attr);

/* Returns: the namespace of a prefix, as in ConfXmlElement; 0 if no stored declaration of it is in scope. */
guint32 conf_xml_scope_find(const ConfXmlScope *scope, const char *prefix, gsize length);

/**
 * conf_xml_scope_is_repeated:
 * @element: the number of the element, from 1
 *
 * Stores the name of an attribute. The caller stores at most CONF_ATTRIBUTES_MAX names for each element.
 *
 * Returns: TRUE if the element has an attribute of this name already
 */
gboolean conf_xml_scope_is_repeated(ConfXmlScope *scope, guint32 element, const char *name, gsize length);
