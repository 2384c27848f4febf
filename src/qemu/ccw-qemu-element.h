/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of ccw-qemu-validate.h: what stands in a ccw <hostdev>. libvirt ignores what it does not know; we name it. */
#pragma once

#include "conf/ccw-hostdev.h"

/* Error: CCW_ERROR_INVALID, an attribute or element that is unknown, or another host device's, by name. */
gboolean ccw_qemu_check_element(const CcwXml *xml, const CcwHostdevNode *node, GError **error);
