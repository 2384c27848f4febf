/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine feature <s390-map-css state=.../>. Users write it in <features>. Stock libvirt keeps it in <metadata>, in
 * an element of CONF_NAMESPACE: the carrier.
 */
#pragma once

#include "conf/conf.h"
#include "conf/xml.h"

typedef struct {
    const ConfXmlElement *feature; /* in <features>, or NULL */
    const ConfXmlElement *carrier; /* in <metadata>, or NULL */
    ConfMapCss state;
} ConfFeature;

/**
 * conf_feature_read:
 *
 * Finds the feature of a domain. Ignores a carrier that conf_feature_lower() cannot have written.
 *
 * Returns: FALSE with CCW_ERROR_INVALID if the domain has the feature twice or in both elements, or if the feature has
 * a state other than on and off, or other attributes
 */
gboolean conf_feature_read(const ConfXml *xml, const ConfXmlElement *domain, ConfFeature *ret_feature, GError **error);

/* Adds the edits to @xml that move the feature from <features> to <metadata>, and back. */
void conf_feature_lower(ConfXml *xml, const ConfXmlElement *domain, const ConfFeature *feature);
void conf_feature_raise(ConfXml *xml, const ConfXmlElement *domain, const ConfFeature *feature);
