/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The refusal that the hook and virtccwd share: nothing but its words, so that it can be told of any host. */
#include "conf/node-name.h"
#include "css/device.h"
#include "hostdev/unmanaged.h"
#include "util/error.h"

gboolean ccw_host_refuse_unmanaged(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);
    g_autofree char *name = ccw_node_name_format(CCW_NODE_CCW, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (device)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "unmanaged ccw device %s must be detached from the host first: 'virsh nodedev-detach %s', or "
                    "give managed='yes'",
                    ccw_bus_id_format(id, buf), name);
    return FALSE;
}
