/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ccw host device in XML, and its two directions: lower (to what stock libvirt knows) and raise (back). Both work
 * on the text: whatever is not ours stays as it is to the byte.
 */
#pragma once

#include <glib.h>

#include "util/address.h"

#define CCW_CONF_NAMESPACE "https://libvirt.org/schemas/ccw/1.0"
#define CCW_CONF_XML_MAX (4u << 20) /* bytes: the longest string that libvirt's protocol carries */

/*
 * Bounds of a document that ccw_conf_lower() or ccw_conf_unadvertise() changes, or ccw_conf_validate() reads. libxml2,
 * in libvirt too, takes time with the square of the first two, and refuses a document that is nested deeper. Other
 * functions have no bound but CCW_CONF_XML_MAX: all take time in proportion to the length of the text.
 */
#define CCW_CONF_ATTRIBUTES_MAX 256 /* attributes of one element, declarations of namespaces among them */
#define CCW_CONF_NAMESPACES_MAX 128 /* declarations of namespaces in scope at one element */
#define CCW_CONF_DEPTH_MAX 256      /* elements in each other */

typedef struct {
    CcwBusId source;
    gboolean managed;
    gboolean has_guest; /* an <address type='ccw'/> stands outside <source> */
    CcwBusId guest;
    guint boot_order; /* 0: none */
} CcwHostdev;

typedef enum {
    CCW_MAP_CSS_ABSENT, /* nothing stated: on */
    CCW_MAP_CSS_ON,
    CCW_MAP_CSS_OFF,
} CcwMapCss;

/* Whether the root element is a <hostdev>, as in an attach or a detach. FALSE too if the text is not well-formed. */
gboolean ccw_conf_is_hostdev(const char *xml);

/*
 * All ccw hostdevs of a document (a domain, a snapshot or checkpoint with domains in it, or a bare hostdev), in
 * document order, in either form: the element or the stock mdev that it lowers to. Elements are CcwHostdev.
 * For a domain the feature too (of the first domain in the document).
 * Errors: CCW_ERROR_XML (not well-formed), CCW_ERROR_INVALID (one of ours that is malformed: named, with its value).
 */
GArray *ccw_conf_collect(const char *xml, CcwMapCss *ret_map_css, GError **error);

/*
 * The document as stock libvirt takes it. default_map is used for hostdevs without a domain around them: the feature of
 * the domain they are attached to. *ret_changed is TRUE if anything was ours. Returns new text, equal to the byte if
 * not. Errors as ccw_conf_collect; CCW_ERROR_INVALID, too, if anything was ours in a document beyond a bound.
 *
 * Text in which nothing of ours can stand is returned without being parsed: that it comes back does not say that it is
 * well-formed. A document with a document type declaration, or in an encoding that is not a superset of ASCII, comes
 * back unchanged too, or with CCW_ERROR_INVALID if something of ours seems to stand in it. ccw_conf_raise, which has no
 * CCW_ERROR_INVALID, returns what is malformed or not readable as it is.
 */
char *ccw_conf_lower(const char *xml, CcwMapCss default_map, gboolean *ret_changed, GError **error);

/* The document as our users read it: every stock mdev hostdev with a UUID of ours becomes a ccw hostdev again. */
char *ccw_conf_raise(const char *xml, gboolean *ret_changed, GError **error);

/*
 * Replaces each UUID of ours in a text that is not XML (an error message), and the words for mediated device before it,
 * with "ccw device 0.0.1234"; but not in a path that goes on below it.
 */
char *ccw_conf_raise_text(const char *text);

/*
 * Is it well-formed XML, of a length that libvirt takes? Error: CCW_ERROR_XML, with the line. Only for documents of the
 * user who runs the program: one with a document type declaration is read by libxml2, without bounds.
 */
gboolean ccw_conf_check(const char *xml, GError **error);

/*
 * Validates a domain, a hostdev or a node device against the schema: libvirt's installed one, extended. The first
 * error, with its line. Only for documents of the user who runs the program. Errors: as ccw_conf_lower; CCW_ERROR_XML
 * if the schema does not allow the document; CCW_ERROR_NOT_FOUND if libvirt's schemas are not installed;
 * CCW_ERROR_UNSUPPORTED for another root element.
 */
gboolean ccw_conf_validate(const char *xml, GError **error);
