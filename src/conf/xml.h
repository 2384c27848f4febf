/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads an XML text into elements that know their bytes, and edits the text, so that all other bytes stay as they are.
 * All functions take time in proportion to the length of the text. This file knows XML, and nothing of libvirt.
 */
#pragma once

#include "conf/xml-types.h"

/**
 * conf_xml_open:
 * @text: NUL-terminated; the caller keeps it as long as the document
 *
 * Reads a text, and checks that it is well-formed as XML 1.0 with namespaces defines it. Does not check a document with
 * a document type declaration, or in an encoding in which a byte below 0x80 need not be ASCII.
 *
 * Returns: NULL with CCW_ERROR_XML if it is not well-formed, or longer than CONF_XML_MAX
 */
ConfXml *conf_xml_open(const char *text, GError **error);

/* The same for a text of up to @max bytes, less than 4 GiB: libvirt writes files longer than CONF_XML_MAX. */
ConfXml *conf_xml_open_long(const char *text, gsize max, GError **error);
void conf_xml_free(ConfXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfXml, conf_xml_free)

/**
 * conf_xml_root:
 *
 * Returns: the root element, or NULL for a document whose elements cannot be known from its bytes: it has a document
 * type declaration, or an encoding in which '<' may mean something else
 */
const ConfXmlElement *conf_xml_root(const ConfXml *xml);

/* Returns: the reason for which conf_xml_root() returns NULL, as a noun for a message, or NULL if there is a root. */
const char *conf_xml_why_opaque(const ConfXml *xml);

/**
 * conf_xml_check_bounds:
 *
 * Checks that the document is within the bounds of conf.h.
 *
 * Returns: FALSE with CCW_ERROR_INVALID, with the line and name of the element, the number and the bound
 */
gboolean conf_xml_check_bounds(const ConfXml *xml, GError **error);

/* Returns: the offsets of the element in the text, valid as long as the document. */
const ConfXmlSpan *conf_xml_span(const ConfXmlElement *element);

/* Returns: the line of a byte, from 1. */
guint conf_xml_line(const ConfXml *xml, guint32 offset);

/* Returns: the start of the white space before @offset, if it follows markup; else @offset. */
guint32 conf_xml_gap(const ConfXml *xml, guint32 offset);

/* The same for the start of an element. Text before the element is never markup, whatever it ends in. */
guint32 conf_xml_gap_before(const ConfXml *xml, const ConfXmlElement *element);

/*
 * These three compare or find elements without a namespace, as libvirt's are.
 *
 * Returns: FALSE or NULL if no element matches
 */
gboolean conf_xml_is(const ConfXmlElement *element, const char *name);
const ConfXmlElement *conf_xml_child(const ConfXmlElement *parent, const char *name);
const ConfXmlElement *conf_xml_next(const ConfXmlElement *element, const char *name);

/* Returns: whether the element has this name, in any namespace or none: so libvirt reads the root of a document. */
gboolean conf_xml_is_local(const ConfXmlElement *element, const char *name);

/* Returns: whether the element has this name in this namespace. */
gboolean conf_xml_is_in(const ConfXml *xml, const ConfXmlElement *element, const char *namespace, const char *name);

/* Returns: whether a declaration puts the element into a namespace. */
gboolean conf_xml_has_namespace(const ConfXmlElement *element);

/* Returns: the name without its prefix, or with it if no declaration of the prefix is in scope; free with g_free. */
char *conf_xml_name(const ConfXmlElement *element);

/* These find elements of any name. Returns: NULL if there is no such element. */
const ConfXmlElement *conf_xml_parent(const ConfXmlElement *element);
const ConfXmlElement *conf_xml_first_element(const ConfXmlElement *parent);
const ConfXmlElement *conf_xml_next_element(const ConfXmlElement *element);
const ConfXmlElement *conf_xml_previous_element(const ConfXmlElement *element);
const ConfXmlElement *conf_xml_last_element(const ConfXmlElement *parent);

/* Returns: the next element of the document that is not inside @element, or NULL after the last. */
const ConfXmlElement *conf_xml_skip(const ConfXml *xml, const ConfXmlElement *element);

/* Returns: TRUE if there is nothing between the tags, not even white space. */
gboolean conf_xml_is_empty(const ConfXmlElement *element);

/* Returns: the text of the element and of the elements in it; free with g_free. */
char *conf_xml_content(const ConfXmlElement *element);

/* Returns: the value of an attribute without a namespace, to be freed with g_free, or NULL if there is no such one. */
char *conf_xml_get(const ConfXmlElement *element, const char *name);

/* Returns: whether that attribute exists and has this value, after references are replaced. */
gboolean conf_xml_get_is(const ConfXmlElement *element, const char *name, const char *value);

/* Finds that attribute. Returns: FALSE if there is no such one. */
gboolean conf_xml_attr(const ConfXmlElement *element, const char *name, ConfXmlAttr *ret_attr);

/* Finds the n-th attribute, from 0, counting namespace declarations. Returns: FALSE if there are fewer. */
gboolean conf_xml_attr_nth(const ConfXmlElement *element, guint n, ConfXmlAttr *ret_attr);

/**
 * conf_xml_attr_next:
 * @attr: the previous attribute; all 0 to begin; the next one on return
 *
 * Iterates over the attributes, with the namespace declarations.
 *
 * Returns: FALSE after the last attribute
 */
gboolean conf_xml_attr_next(const ConfXmlElement *element, ConfXmlAttr *attr);

/* Returns: FALSE if no attribute in the document has a prefix, apart from namespace declarations. */
gboolean conf_xml_may_have_prefixes(const ConfXml *xml);

/* Returns: the number of attributes, without the namespace declarations. */
guint conf_xml_attr_count(const ConfXmlElement *element);

/* Returns: whether the element itself has a namespace declaration. */
gboolean conf_xml_declares_namespace(const ConfXmlElement *element);

/* Whether the attribute declares a namespace. */
gboolean conf_xml_attr_declares(const ConfXmlElement *element, const ConfXmlAttr *attr);

/* Whether the attribute has this name, with or without a prefix, and declares no namespace. */
gboolean conf_xml_attr_is_local(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *name);

/* Whether the attribute's name has a prefix. */
gboolean conf_xml_attr_has_prefix(const ConfXmlElement *element, const ConfXmlAttr *attr);

/* Whether the attribute has this qualified name. */
gboolean conf_xml_attr_is(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *name);

/* Returns: the qualified name; free with g_free. */
char *conf_xml_attr_name(const ConfXmlElement *element, const ConfXmlAttr *attr);

/* Whether the attribute has this value, after references are replaced. */
gboolean conf_xml_attr_value_is(const ConfXmlElement *element, const ConfXmlAttr *attr, const char *value);

/* Returns: the value; free with g_free. */
char *conf_xml_attr_value(const ConfXmlElement *element, const ConfXmlAttr *attr);

/**
 * conf_xml_attr_copy:
 * @buf: gets the value, with a NUL
 *
 * Copies a value without allocating memory.
 *
 * Returns: FALSE if @size is too small
 */
gboolean conf_xml_attr_copy(const ConfXmlElement *element, const ConfXmlAttr *attr, char *buf, gsize size);

/*
 * These record edits. Edits must not overlap. Edits at the same offset take effect in the order of the calls. The
 * caller of conf_xml_edit() appends the new text to the returned string at once.
 */
void conf_xml_replace(ConfXml *xml, guint32 start, guint32 end, const char *with);
void conf_xml_replace_n(ConfXml *xml, guint32 start, guint32 end, const char *with, gsize length);
GString *conf_xml_edit(ConfXml *xml, guint32 start, guint32 end);
void conf_xml_insert(ConfXml *xml, guint32 at, const char *with);
void conf_xml_remove(ConfXml *xml, guint32 start, guint32 end);
gboolean conf_xml_is_edited(const ConfXml *xml);

/* Returns: the text with the edits made; free with g_free. */
char *conf_xml_apply(const ConfXml *xml);
