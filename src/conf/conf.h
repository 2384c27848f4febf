/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ccw host device in XML. Lower translates it to stock libvirt's XML, and raise translates it back. Both edit the
 * text: every byte that does not belong to a ccw host device stays as it is.
 */
#pragma once

#include <glib.h>

#include "util/address.h"

/* The namespaces of <s390-map-css> in <metadata>: lower writes the first one, and raise reads both. */
#define CONF_NAMESPACE "urn:libvirt-ccw:domain:1.0"
#define CONF_NAMESPACE_BEFORE_1_0 "https://libvirt.org/schemas/ccw/1.0"
#define CONF_XML_MAX (4u << 20) /* bytes: the longest string that libvirt's protocol carries */

/*
 * Bounds of a document that conf_lower() or conf_unadvertise() changes, or that conf_validate() reads. libxml2, also in
 * libvirt, takes time with the square of the first two, and rejects deeper nesting. The other functions have only the
 * bound CONF_XML_MAX: they take time in proportion to the length of the text.
 */
#define CONF_ATTRIBUTES_MAX 256 /* attributes of one element, with its namespace declarations */
#define CONF_NAMESPACES_MAX 128 /* namespace declarations in scope at one element */
#define CONF_DEPTH_MAX 256      /* levels of nesting */

typedef struct {
    CcwBusId source;
    gboolean managed;
    gboolean has_guest; /* the XML has an <address type='ccw'/> outside <source>: guest */
    CcwBusId guest;
    guint boot_order; /* 0: no boot order */
} ConfHostdev;

typedef enum {
    CONF_MAP_CSS_ABSENT, /* the domain does not say: on */
    CONF_MAP_CSS_ON,
    CONF_MAP_CSS_OFF,
} ConfMapCss;

/* A document that conf_xml_open() parsed (conf/xml.h). */
typedef struct _ConfXml ConfXml;

/* Returns: whether the root element is a <hostdev>, as in an attach or a detach; FALSE if @xml is not well-formed. */
gboolean conf_xml_is_hostdev(ConfXml *xml);

/**
 * conf_collect:
 * @xml: a domain, a snapshot or checkpoint with domains in it, or a bare hostdev
 * @ret_map_css: the feature of the first domain in the document; may be NULL
 *
 * Collects the ccw hostdevs of a document in document order, in both forms: the ccw element, and the stock mdev that it
 * lowers to.
 *
 * Returns: an array of ConfHostdev, or NULL with CCW_ERROR_XML if the document is not well-formed, or CCW_ERROR_INVALID
 * if a ccw hostdev or the feature is malformed. The message names the element and its value.
 */
GArray *conf_collect(const char *xml, ConfMapCss *ret_map_css, GError **error);

/* conf_collect() of a document that is parsed already. */
GArray *conf_collect_xml(ConfXml *xml, ConfMapCss *ret_map_css, GError **error);

/**
 * conf_lower:
 * @default_map: the feature for a bare hostdev: that of the domain to which the client attaches it
 * @ret_changed: TRUE if the document had a ccw hostdev or the feature
 *
 * Translates a document to stock libvirt's XML. Text that cannot have a ccw hostdev or the feature comes back without
 * being parsed, so success does not mean that it is well-formed. A document with a document type declaration, or in an
 * encoding that is not a superset of ASCII, comes back unchanged, or with CCW_ERROR_INVALID if a ccw hostdev or the
 * feature seems to be in it.
 *
 * Returns: new text, equal to the byte if nothing changed, or NULL with an error of conf_collect(), or
 * CCW_ERROR_INVALID if a document exceeds a bound and would change
 */
char *conf_lower(const char *xml, ConfMapCss default_map, gboolean *ret_changed, GError **error);

/**
 * conf_lower_xml:
 *
 * Does what conf_lower() does, for a document that is parsed already. A caller may do this once for a document, which
 * collects its edits.
 */
char *conf_lower_xml(ConfXml *xml, ConfMapCss default_map, gboolean *ret_changed, GError **error);

/**
 * conf_raise:
 *
 * Translates a document of stock libvirt back: each mdev hostdev with a UUID of conf/uuid.h becomes a ccw hostdev.
 * Malformed elements and unreadable documents stay as they are.
 *
 * Returns: new text, equal to the byte if nothing changed, or NULL with CCW_ERROR_XML if it is not well-formed
 */
char *conf_raise(const char *xml, gboolean *ret_changed, GError **error);

/**
 * conf_raise_text:
 * @text: an error message, or other text that is not XML
 *
 * Replaces each UUID of conf/uuid.h, and the words for mediated device before it, with "ccw device 0.0.1234". A path
 * that continues below the UUID stays as it is.
 */
char *conf_raise_text(const char *text);

/**
 * conf_check:
 * @xml: a document of the user who runs the program: libxml2 reads one with a document type declaration, without bounds
 *
 * Checks that a document is well-formed, and not longer than libvirt accepts.
 *
 * Returns: FALSE with CCW_ERROR_XML, with the line
 */
gboolean conf_check(const char *xml, GError **error);

/**
 * conf_validate:
 * @xml: a document of the user who runs the program
 *
 * Validates a domain, a hostdev or a node device against libvirt's installed schema, extended by this project's.
 *
 * Returns: FALSE with the first error and its line: an error of conf_lower(); CCW_ERROR_XML if the schema does not
 * allow the document; CCW_ERROR_NOT_FOUND if libvirt's schemas are not installed; CCW_ERROR_UNSUPPORTED for another
 * root element
 */
gboolean conf_validate(const char *xml, GError **error);
