/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A part of validate.h: what stands in a ccw <hostdev>. libvirt ignores what it does not know, and does not
 * see what lowering replaces; this check names both.
 */
#pragma once

#include "conf/hostdev.h"

/*
 * ccw_qemu_check_element:
 * @node: a ccw <hostdev> in a form that is lowered
 *
 * Returns: FALSE and CCW_ERROR_INVALID for an attribute or element that is unknown or belongs to another kind of host
 * device, and for a value that the schema does not allow and that lowering replaces.
 */
gboolean ccw_qemu_check_element(const CcwXml *xml, const CcwHostdevNode *node, GError **error);
