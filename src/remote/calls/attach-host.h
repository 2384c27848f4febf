/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The work of an attach on the host, in worker threads: it announces the attach, loads modules, claims a device, and
 * confirms or rolls back the claim. The order of these steps does not belong here.
 */
#pragma once

#include "conf/conf.h"
#include "hostdev/manager.h"

typedef struct {
    HostdevManager *manager;
    char *domain_uuid;
    GArray *ids;           /* of CcwBusId: the devices of the call */
    gboolean is_loaded;    /* the vfio modules are loaded, or loading them failed */
    GError *modules_error; /* why loading failed; else NULL */
    GError *error;         /* why the claim failed; else NULL */
} RemoteAttachHost;

/**
 * remote_attach_host_init:
 * @domain_uuid: the domain of the call
 * @hostdevs: of ConfHostdev: the devices of the call
 */
void remote_attach_host_init(RemoteAttachHost *host, HostdevManager *manager, const char *domain_uuid,
                             const GArray *hostdevs);
void remote_attach_host_clear(RemoteAttachHost *host);

/* Returns: the first device of the call. */
const CcwBusId *remote_attach_host_first(const RemoteAttachHost *host);

/* Tells the manager that the devices may be in use from now on. */
void remote_attach_host_announce(RemoteAttachHost *host);

/*
 * Loads the vfio modules, once. Sets modules_error on failure. Call it only for managed devices, and only after
 * libvirt's access check has accepted the client.
 */
void remote_attach_host_load(RemoteAttachHost *host);

/* Claims a device that libvirt does not find, if it is managed. Sets error on failure. */
void remote_attach_host_claim(RemoteAttachHost *host, const ConfHostdev *missing);

/**
 * remote_attach_host_finish:
 * @result: the result of the attach in libvirt
 *
 * Confirms the claim or rolls it back, and no longer holds the devices.
 *
 * Returns: whether the watcher must read the live XML.
 */
gboolean remote_attach_host_finish(RemoteAttachHost *host, HostdevAttachResult result);
