/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of one scan of an XML text, for xml-scan.c and xml-attributes.c. */
#pragma once

#include "conf/xml-scope.h"
#include "conf/xml-types.h"

/* An element whose end tag the scanner has not read yet. */
typedef struct {
    guint32 element;           /* index into elements */
    guint declarations;        /* number of namespace declarations in scope before the element */
    guint32 default_namespace; /* before the element */
} ConfXmlOpenElement;

typedef struct {
    ConfXml *xml;
    const char *text;
    const char *end;
    const char *at;
    const char *markup_end; /* end of the last markup before at */
    gboolean is_blank;      /* there is only white space between markup_end and the next markup */
    ConfXmlOpenElement *open;
    guint32 open_count, open_capacity;
    gboolean is_one_byte; /* the encoding has one byte for each character */
    const char *fault;    /* a clause for a message: the error at at; NULL: no error */
    const char *other;    /* the position that the clause ends with, or NULL */
    ConfXmlScope *scope;
} ConfXmlScanner;

/* Records an error. Returns FALSE. */
static inline gboolean conf_xml_fail(ConfXmlScanner *scanner, const char *at, const char *fault)
{
    scanner->at = at;
    scanner->fault = fault;
    return FALSE;
}

static inline guint32 conf_xml_offset(const ConfXmlScanner *scanner, const char *p)
{
    return (guint32)(p - scanner->text);
}

/* Doubles the capacity of an array. Returns the new array. */
static inline gpointer conf_xml_grow(gpointer items, guint32 *capacity, gsize item_size)
{
    *capacity = MAX(2 * *capacity, 16);
    return g_realloc_n(items, *capacity, item_size);
}

/* Records the first bound that the document exceeds. */
static inline void conf_xml_note_count(ConfXmlScanner *scanner, const char *what, const char *element, guint count,
                                       guint max)
{
    if (!scanner->xml->excess.what && count > max)
        scanner->xml->excess = (ConfXmlExcess){ what, conf_xml_offset(scanner, element), count, max };
}
