/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine feature <s390-map-css state=.../>: where a domain has it, and how it moves between <features>, where our
 * users write it, and <metadata>, where stock libvirt keeps it (the carrier, in our namespace).
 */
#pragma once

#include "conf/conf.h"
#include "conf/xml.h"

typedef struct {
    const CcwXmlElement *feature; /* in <features>, or NULL */
    const CcwXmlElement *carrier; /* in <metadata>, or NULL */
    CcwMapCss state;
} CcwFeature;

/*
 * Errors: CCW_ERROR_INVALID, if it is there twice or in both places, or a feature has another state than on and off or
 * other attributes. A carrier that we cannot have written counts as absent.
 */
gboolean ccw_feature_read(const CcwXml *xml, const CcwXmlElement *domain, CcwFeature *ret_feature, GError **error);

/* Asks for the edits that move it: from <features> to <metadata>, and back. */
void ccw_feature_lower(CcwXml *xml, const CcwXmlElement *domain, const CcwFeature *feature);
void ccw_feature_raise(CcwXml *xml, const CcwXmlElement *domain, const CcwFeature *feature);
