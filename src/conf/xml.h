/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An XML text as its elements, each with the bytes that it stands at, so that parts can be replaced and the rest stays
 * as it is. Everything here takes time in proportion to the length of the text. Knows XML, and nothing of libvirt.
 */
#pragma once

#include <glib.h>

/* Offsets into the text. An empty-element tag has tag_end == content_end == end. */
typedef struct {
    guint32 start;       /* the '<' of the start tag */
    guint32 tag_end;     /* one past the '>' of the start tag */
    guint32 content_end; /* the '<' of the end tag */
    guint32 end;         /* one past the element */
} CcwXmlSpan;

/* name..name_end and value..value_end; the value without its quotes, text[value - 1] is the quote. */
typedef struct {
    guint32 name, name_end;
    guint32 value, value_end;
    guint32 number; /* of the attribute in its element, from 1 */
} CcwXmlAttr;

typedef struct _CcwXml CcwXml;

/* The elements of a document are in one array, in document order. Members are private to xml*.c. */
typedef struct {
    const CcwXml *xml; /* the document */
    CcwXmlSpan span;
    guint32 gap;       /* start of the white space before the element that follows other markup, else span.start */
    guint32 name_end;  /* one past the qualified name */
    guint32 local;     /* the name without its prefix; span.start + 1 if no namespace has that prefix */
    guint32 size;      /* number of elements in it, with itself */
    guint32 parent;    /* how many elements before it in the array the parent stands; 0 for the root */
    guint32 namespace; /* index into namespaces, 0 for none */
    guint32 attr;      /* index of its first attribute, */
    guint32 attrs;     /* and how many it has */
} CcwXmlElement;

/* The first of the bounds in conf.h that the document exceeds. */
typedef struct {
    const char *what; /* for a message, with %u for the number; NULL: none is exceeded */
    guint32 element;  /* offset of the element */
    guint count;
    guint max;
} CcwXmlExcess;

/* One replacement. Members are private to xml-edit.c. */
typedef struct {
    guint32 start, end;
    guint32 order; /* as asked for: sorting is not stable */
    gsize with;    /* where its text starts in edit_text; it ends where that of the next one starts */
} CcwXmlEdit;

/* The arrays are plain ones, not GArrays: a call of a function for each item took most of the time that a scan takes.
 */
struct _CcwXml {
    const char *text; /* the caller's: it outlives this */
    gsize length;
    const char *opaque; /* see ccw_xml_why_opaque() */
    CcwXmlElement *elements;
    guint32 elements_count, elements_room;
    CcwXmlAttr *attrs; /* of all elements, in document order */
    guint32 attrs_count, attrs_room;
    GPtrArray *namespaces; /* char *: the names that are declared, in document order */
    GArray *lines;         /* guint32, where each line but the first starts; empty until a line is asked for */
    CcwXmlEdit *edits;     /* as asked for */
    guint32 edits_count, edits_room;
    GString *edit_text; /* what they put into the document, one after the other; NULL before the first one */
    CcwXmlExcess excess;
    gboolean has_prefixes; /* see ccw_xml_may_have_prefixes() */
};

/*
 * ccw_xml_open: reads a text
 * @text: NUL-terminated
 *
 * Checks that the document is well-formed as XML 1.0 with namespaces defines it, except that nothing is checked in a
 * document with a document type declaration or in an encoding in which a byte below 0x80 need not be ASCII.
 *
 * Returns: NULL and CCW_ERROR_XML if it is not well-formed, or longer than CCW_CONF_XML_MAX.
 */
CcwXml *ccw_xml_open(const char *text, GError **error);

/* The same for text of up to max bytes, less than 4 GiB: a file that libvirt itself writes may be longer. */
CcwXml *ccw_xml_open_long(const char *text, gsize max, GError **error);
void ccw_xml_free(CcwXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwXml, ccw_xml_free)

/*
 * The root element, or NULL for a document that is not to be touched because its bytes need not mean what they seem to:
 * it has a document type declaration, or an encoding in which '<' may be something else.
 */
const CcwXmlElement *ccw_xml_root(const CcwXml *xml);

/* What in the document is the reason that ccw_xml_root() returns NULL, in a word for a message; NULL if it does not. */
const char *ccw_xml_why_opaque(const CcwXml *xml);

/*
 * ccw_xml_check_bounds: is the document within the bounds of conf.h
 *
 * Returns: FALSE and CCW_ERROR_INVALID, with the element's line and name, the number and the bound.
 */
gboolean ccw_xml_check_bounds(const CcwXml *xml, GError **error);

const CcwXmlSpan *ccw_xml_span(const CcwXmlElement *element);

/* Line of a byte, from 1. */
guint ccw_xml_line(const CcwXml *xml, guint32 offset);

/* The start of the white space that stands before the byte at offset, with nothing but markup before that. */
guint32 ccw_xml_gap(const CcwXml *xml, guint32 offset);

/* The same for the start of an element; text before it, whatever that ends in, is no markup. */
guint32 ccw_xml_gap_before(const CcwXml *xml, const CcwXmlElement *element);

/* Elements without a namespace, as libvirt's are. NULL if there is none. */
gboolean ccw_xml_is(const CcwXmlElement *element, const char *name);
const CcwXmlElement *ccw_xml_child(const CcwXmlElement *parent, const char *name);
const CcwXmlElement *ccw_xml_next(const CcwXmlElement *element, const char *name);

/* An element of that name in any namespace or none, as libvirt reads the root of a document. */
gboolean ccw_xml_is_local(const CcwXmlElement *element, const char *name);

/* An element in that namespace. */
gboolean ccw_xml_is_in(const CcwXml *xml, const CcwXmlElement *element, const char *namespace, const char *name);
gboolean ccw_xml_has_namespace(const CcwXmlElement *element);

/* The name without its prefix; with it, if no namespace has that prefix. Free with g_free. */
char *ccw_xml_name(const CcwXmlElement *element);

/* Elements of any name. NULL if there is none. */
const CcwXmlElement *ccw_xml_parent(const CcwXmlElement *element);
const CcwXmlElement *ccw_xml_first_element(const CcwXmlElement *parent);
const CcwXmlElement *ccw_xml_next_element(const CcwXmlElement *element);
const CcwXmlElement *ccw_xml_previous_element(const CcwXmlElement *element);
const CcwXmlElement *ccw_xml_last_element(const CcwXmlElement *parent);

/* The element that follows in the document when those in this one are passed over. NULL after the last. */
const CcwXmlElement *ccw_xml_skip(const CcwXml *xml, const CcwXmlElement *element);

/* Is there nothing between its tags, not even white space? */
gboolean ccw_xml_is_empty(const CcwXmlElement *element);

/* The text in the element and in those in it. Free with g_free. */
char *ccw_xml_content(const CcwXmlElement *element);

/* The value of an attribute without a namespace, or NULL. Free with g_free. */
char *ccw_xml_get(const CcwXmlElement *element, const char *name);
gboolean ccw_xml_get_is(const CcwXmlElement *element, const char *name, const char *value);

/* Where that attribute stands; FALSE if there is none. */
gboolean ccw_xml_attr(const CcwXmlElement *element, const char *name, CcwXmlAttr *ret_attr);

/* The n-th attribute, from 0, declarations of namespaces among them; FALSE if there are not as many. */
gboolean ccw_xml_attr_nth(const CcwXmlElement *element, guint n, CcwXmlAttr *ret_attr);

/*
 * ccw_xml_attr_next: the attributes one after the other, declarations of namespaces among them
 * @attr: the last one; all 0 for the first
 *
 * Returns: FALSE if there is no other.
 */
gboolean ccw_xml_attr_next(const CcwXmlElement *element, CcwXmlAttr *attr);

/* FALSE: no attribute in the document has a prefix, but those that declare namespaces. */
gboolean ccw_xml_may_have_prefixes(const CcwXml *xml);

/* Attributes that declare no namespace. */
guint ccw_xml_attr_count(const CcwXmlElement *element);
gboolean ccw_xml_declares_namespace(const CcwXmlElement *element);

/* Of one attribute: does it declare a namespace; is that its name but for a prefix; has it a prefix; what is its name
 * (free with g_free), its value. */
gboolean ccw_xml_attr_declares(const CcwXmlElement *element, const CcwXmlAttr *attr);
gboolean ccw_xml_attr_is_local(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *name);
gboolean ccw_xml_attr_has_prefix(const CcwXmlElement *element, const CcwXmlAttr *attr);
gboolean ccw_xml_attr_is(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *name);
char *ccw_xml_attr_name(const CcwXmlElement *element, const CcwXmlAttr *attr);
gboolean ccw_xml_attr_value_is(const CcwXmlElement *element, const CcwXmlAttr *attr, const char *value);
char *ccw_xml_attr_value(const CcwXmlElement *element, const CcwXmlAttr *attr);

/*
 * ccw_xml_attr_copy: the value of an attribute that should be short
 * @buf: takes it, with a NUL
 * @size: of buf
 *
 * Returns: FALSE if it has no room in buf.
 */
gboolean ccw_xml_attr_copy(const CcwXmlElement *element, const CcwXmlAttr *attr, char *buf, gsize size);

/* Edits: of parts that do not overlap. Those at one place take effect in the order they were asked for. */
void ccw_xml_replace(CcwXml *xml, guint32 start, guint32 end, const char *with);
void ccw_xml_replace_n(CcwXml *xml, guint32 start, guint32 end, const char *with, gsize length);
GString *ccw_xml_edit(CcwXml *xml, guint32 start, guint32 end); /* the caller appends the new text to it at once */
void ccw_xml_insert(CcwXml *xml, guint32 at, const char *what);
void ccw_xml_remove(CcwXml *xml, guint32 start, guint32 end);
gboolean ccw_xml_is_edited(const CcwXml *xml);

/* The text with the edits made. */
char *ccw_xml_apply(const CcwXml *xml);
