/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Detaches, reattaches or resets a device on any host. If the host has a virtccwd, asks it to do so, with all its
 * checks. Any other libvirt is asked for the devices of its running domains. On a host without libvirt, the kernel and
 * the journal decide.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "css/device.h"
#include "hostdev/manager.h"

#define NODEDEV_SYSTEM_URI "qemu:///system"

typedef enum {
    NODEDEV_DETACH,
    NODEDEV_REATTACH,
    NODEDEV_RESET,
} NodedevOperation;

typedef struct {
    virConnectPtr conn; /* NULL: the host has no libvirt */
    CssHost *host;
    HostdevManager *manager;
    gboolean is_system; /* the host is this machine, not a tree of files */
} NodedevRun;

/**
 * nodedev_connect:
 * @uri: NULL for libvirt's default
 * @ret_conn: NULL on a host without libvirt
 * @ret_missing: libvirt's message if @ret_conn is NULL; else NULL
 *
 * Connects to the libvirt that virsh would use, if that is a libvirt with QEMU guests.
 *
 * Returns: FALSE with CCW_ERROR_SYSTEM if a libvirt rejects the connection
 */
gboolean nodedev_connect(const char *uri, virConnectPtr *ret_conn, char **ret_missing, GError **error);

/**
 * nodedev_operate:
 * @device: NULL: a device that no longer exists, but has a journal entry
 * @ret_by_virtccwd: whether virtccwd did it
 *
 * Logs at info level what this process does itself.
 *
 * Returns: FALSE with libvirt's message, or with an error of node_device/node-detach.h
 */
gboolean nodedev_operate(const NodedevRun *run, NodedevOperation operation, const CcwBusId *id, const CssDevice *device,
                         gboolean *ret_by_virtccwd, GError **error);
