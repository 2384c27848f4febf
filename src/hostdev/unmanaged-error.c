/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error that the hook and virtccwd report for an unmanaged device that is not detached. */
#include "conf/node-name.h"
#include "css/device.h"
#include "hostdev/unmanaged.h"
#include "util/error.h"

gboolean hostdev_unmanaged_set_error(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, error);
    g_autofree char *name = conf_node_name_format(CONF_NODE_CCW, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (device)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "unmanaged ccw device %s must be detached from the host first: 'virsh nodedev-detach %s', or "
                    "give managed='yes'",
                    ccw_bus_id_format(id, buf), name);
    return FALSE;
}
