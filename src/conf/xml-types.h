/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of an XML document (xml.h). Members of ConfXml, ConfXmlElement and ConfXmlEdit are private to xml*.c. */
#pragma once

#include <glib.h>

/* Offsets into the text. An empty-element tag has tag_end == content_end == end. */
typedef struct {
    guint32 start;       /* the '<' of the start tag */
    guint32 tag_end;     /* one past the '>' of the start tag */
    guint32 content_end; /* the '<' of the end tag */
    guint32 end;         /* one past the element */
} ConfXmlSpan;

/* Offsets of an attribute. The value is without its quotes: text[value - 1] is the quote. */
typedef struct {
    guint32 name, name_end;
    guint32 value, value_end;
    guint32 number; /* of the attribute in its element, from 1 */
} ConfXmlAttr;

typedef struct _ConfXml ConfXml;

/* The elements of a document are in one array, in document order. */
typedef struct {
    const ConfXml *xml; /* the document */
    ConfXmlSpan span;
    guint32 gap;       /* start of the white space before the element, or span.start if no white space is before it */
    guint32 name_end;  /* one past the qualified name */
    guint32 local;     /* the name without its prefix; span.start + 1 if no namespace has that prefix */
    guint32 size;      /* number of elements in this one, including itself */
    guint32 parent;    /* distance to the parent in the array; 0 for the root */
    guint32 namespace; /* index into namespaces, from 1; 0: no namespace */
    guint32 attr;      /* index of the first attribute */
    guint32 attrs;     /* number of attributes */
} ConfXmlElement;

/* The first bound of conf.h that the document exceeds. */
typedef struct {
    const char *what; /* noun for a message; NULL: the document is within all bounds */
    guint32 element;  /* offset of the element */
    guint count;
    guint max;
} ConfXmlExcess;

/* One replacement. */
typedef struct {
    guint32 start, end;
    guint32 order; /* number of the edit in the order of the calls: sorting is not stable */
    gsize with;    /* start of the new text in edit_text; it ends where that of the next edit starts */
} ConfXmlEdit;

/* Plain arrays, not GArrays: a function call for each item took most of the time of a scan. */
struct _ConfXml {
    const char *text; /* the caller's; outlives the document */
    gsize length;
    const char *opaque; /* see conf_xml_why_opaque() */
    ConfXmlElement *elements;
    guint32 elements_count, elements_capacity;
    ConfXmlAttr *attrs; /* of all elements, in document order */
    guint32 attrs_count, attrs_capacity;
    GPtrArray *namespaces; /* char *: the declared names, in document order */
    GArray *lines;         /* guint32: start of each line but the first; empty until the first conf_xml_line() */
    ConfXmlEdit *edits;    /* in the order of the calls */
    guint32 edits_count, edits_capacity;
    GString *edit_text; /* the new texts of all edits, concatenated; NULL before the first edit */
    ConfXmlExcess excess;
    gboolean has_prefixes; /* see conf_xml_may_have_prefixes() */
};
