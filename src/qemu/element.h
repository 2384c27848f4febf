/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Validates the elements and attributes of a ccw <hostdev>, for validate.c only. libvirt ignores those that it does not
 * know, and does not see those that lowering replaces.
 */
#pragma once

#include "conf/hostdev.h"

/**
 * qemu_check_element: Validates one element.
 * @node: a ccw <hostdev> in a form that lowering changes
 *
 * Returns: FALSE with CCW_ERROR_INVALID for an attribute or element that is unknown or belongs to another kind of host
 * device, and for a value that the schema does not allow and that lowering replaces.
 */
gboolean qemu_check_element(const ConfXml *xml, const ConfHostdevNode *node, GError **error);
