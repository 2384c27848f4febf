/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's names of node devices: "ccw_0_0_1234" is the ccw device 0.0.1234, and "css_0_0_0034" is the subchannel
 * 0.0.0034. css/device.h finds the device of a name.
 */
#pragma once

#include <glib.h>

#include "util/address.h"

typedef enum {
    CONF_NODE_CCW,
    CONF_NODE_CSS,
} ConfNodeKind;

/* Returns: FALSE if @name is not such a name, spelled exactly as libvirt does. */
gboolean conf_node_name_parse(const char *name, ConfNodeKind *ret_kind, CcwBusId *ret_id);

/**
 * conf_device_name_parse:
 * @text: user input: any form of ccw_bus_id_read(), or "css_0_0_0034" for the device of that subchannel
 *
 * Returns: FALSE with CCW_ERROR_INVALID
 */
gboolean conf_device_name_parse(const char *text, ConfNodeKind *ret_kind, CcwBusId *ret_id, GError **error);

/* Returns: libvirt's name of a ccw device or subchannel, such as "ccw_0_0_1234"; free with g_free. */
char *conf_node_name_format(ConfNodeKind kind, const CcwBusId *id);
