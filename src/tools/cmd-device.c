/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd.h"
#include "conf/node-name.h"
#include "css/device.h"

CcwHostDevice *cmd_find_device(CcwHost *host, const char *text, GError **error)
{
    CcwNodeKind kind;
    CcwBusId id;

    if (!ccw_device_name_parse(text, &kind, &id, error))
        return NULL;
    return kind == CCW_NODE_CSS ? ccw_host_lookup_subchannel(host, &id, error) : ccw_host_lookup(host, &id, error);
}
