/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Detach, reattach or reset of a device, whatever there is on this host. Where there is a virtccwd it is asked to do
 * it, with all its checks; any other libvirt is asked what its running domains have; on a host without libvirt the
 * kernel and the journal decide.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "css/device.h"
#include "hostdev/manager.h"

#define CCW_NODE_SYSTEM_URI "qemu:///system"

typedef enum {
    CCW_NODE_DETACH,
    CCW_NODE_REATTACH,
    CCW_NODE_RESET,
} CcwNodeOperation;

typedef struct {
    virConnectPtr conn; /* NULL: there is no libvirt */
    CcwHost *host;
    CcwManager *manager;
    gboolean is_system; /* the host is this one, not a tree of files */
} CcwNodeRun;

/*
 * ccw_node_connect:
 * @uri: NULL for libvirt's default
 * @ret_conn: NULL on a host without libvirt
 * @ret_missing: why there is none, then; else NULL
 *
 * Connects to the libvirt that virsh would ask, if it has guests of QEMU.
 *
 * Returns: FALSE and CCW_ERROR_SYSTEM if there is a libvirt and it does not let us in.
 */
gboolean ccw_node_connect(const char *uri, virConnectPtr *ret_conn, char **ret_missing, GError **error);

/*
 * ccw_node_operate:
 * @device: as it was found; NULL: it is not there, but the journal knows of it
 * @ret_by_virtccwd: virtccwd did it
 *
 * Returns: FALSE with libvirt's message, or as node_device/node-detach.h has it.
 */
gboolean ccw_node_operate(const CcwNodeRun *run, CcwNodeOperation operation, const CcwBusId *id,
                          const CcwHostDevice *device, gboolean *ret_by_virtccwd, GError **error);
