/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's names of node devices: "ccw_0_0_1234" is the ccw device 0.0.1234, "css_0_0_0034" the subchannel 0.0.0034.
 * Names only; nothing here looks at sysfs.
 */
#pragma once

#include <glib.h>

#include "util/address.h"

typedef enum {
    CCW_NODE_CCW,
    CCW_NODE_CSS,
} CcwNodeKind;

/* TRUE if name is one of the two, exactly as libvirt spells it. */
gboolean ccw_node_name_parse(const char *name, CcwNodeKind *ret_kind, CcwBusId *ret_id);

/*
 * A device as a user names one: what ccw_bus_id_read() takes, or "css_0_0_0034" for the device of that subchannel.
 * Error: CCW_ERROR_INVALID.
 */
gboolean ccw_device_name_parse(const char *text, CcwNodeKind *ret_kind, CcwBusId *ret_id, GError **error);

char *ccw_node_name_format(CcwNodeKind kind, const CcwBusId *id);
