/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Qualified names of XML, PREFIX:NAME, and the names that declare a namespace. */
#pragma once

#include "conf/xml-chars.h"

#define CONF_XMLNS "xmlns"

/**
 * conf_xml_prefix_end:
 *
 * Finds the colon in a qualified name.
 *
 * Returns: NULL if the name has no prefix, or if the text before or after its first colon is not a name
 */
static inline const char *conf_xml_prefix_end(const char *name, const char *name_end)
{
    const char *colon = name;

    while (colon < name_end && *colon != ':')
        colon++;
    if (colon == name_end || colon == name || colon[1] == ':' || !conf_xml_starts_name(colon + 1, FALSE))
        return NULL;
    return colon;
}

/* Returns: whether an attribute of this name declares a namespace. */
static inline gboolean conf_xml_is_declaration(const char *name, const char *name_end)
{
    const char *colon;

    if (*name != 'x' || !conf_xml_starts_with(name, CONF_XMLNS))
        return FALSE;
    colon = conf_xml_prefix_end(name, name_end);
    return colon ? colon - name == strlen(CONF_XMLNS) : name_end - name == strlen(CONF_XMLNS);
}

/* Returns: whether the name has a colon. end: the end of the text. */
static inline gboolean conf_xml_has_colon(const char *name, const char *name_end, const char *end)
{
    if (name_end - name > CONF_XML_WORD || end - name < CONF_XML_WORD)
        return memchr(name, ':', (gsize)(name_end - name)) != NULL;
    return conf_xml_count_before(conf_xml_zeros(conf_xml_load(name) ^ CONF_XML_EACH(':'))) < name_end - name;
}
