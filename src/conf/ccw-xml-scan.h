/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the elements and attributes of an XML text are, by byte. The scanner knows just enough of XML to find them in
 * a text that libxml2 has found well-formed; it judges nothing, and decodes nothing.
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
} CcwXmlAttr;

typedef enum {
    CCW_XML_SCANNED,
    CCW_XML_DOCTYPE, /* a document type declaration: what follows may not be what it looks like */
    CCW_XML_BROKEN,  /* tags do not match up: not well-formed */
} CcwXmlScan;

/* Appends one CcwXmlSpan for each element in document order. The text is at most G_MAXUINT32 bytes long. */
CcwXmlScan ccw_xml_scan(const char *text, gsize length, GArray *spans);

/* The n-th attribute of an element, from 0; FALSE if it has not as many. */
gboolean ccw_xml_attr_nth(const char *text, const CcwXmlSpan *span, guint n, CcwXmlAttr *ret_attr);

/* The attribute of that qualified name. */
gboolean ccw_xml_attr_named(const char *text, const CcwXmlSpan *span, const char *name, CcwXmlAttr *ret_attr);

/* One past the element's name in its start tag. */
guint32 ccw_xml_name_end(const char *text, const CcwXmlSpan *span);

gboolean ccw_xml_is_space(char c);
